/** Has `work` make its workers with `make` in the place of `new Worker`. */
export async function withWorkers<T>(
  make: (...args: ConstructorParameters<typeof Worker>) => Worker,
  work: () => Promise<T>,
): Promise<T> {
  const Real = globalThis.Worker
  function Made(...args: ConstructorParameters<typeof Worker>) {
    return make(...args)
  }
  // Defined and not assigned: WebKit goes on with the one it knows where it is only assigned.
  const put = (value: unknown) =>
    Object.defineProperty(globalThis, 'Worker', { value, writable: true, configurable: true })
  put(Made)
  try {
    return await work()
  } finally {
    put(Real)
  }
}
