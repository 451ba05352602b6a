type Make = (...args: ConstructorParameters<typeof Worker>) => Worker

const Real = globalThis.Worker

/** What makes workers now, in the place of `new Worker`. */
let makes: Make | undefined

// Put there before anybody has made a worker, and for good: WebKit may go on with the constructor
// that it has met, whatever is in its place later.
if (Real !== undefined) {
  const value = function made(...args: ConstructorParameters<typeof Worker>): Worker {
    const make = makes
    makes = undefined
    try {
      return make ? make(...args) : new Real(...args)
    } finally {
      makes = make
    }
  }
  Object.defineProperty(globalThis, 'Worker', { value, writable: true, configurable: true })
}

/** Has `work` make its workers with `make` in the place of `new Worker`. */
export async function withWorkers<T>(make: Make, work: () => Promise<T>): Promise<T> {
  makes = make
  try {
    return await work()
  } finally {
    makes = undefined
  }
}
