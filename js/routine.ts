/**
 * Everything that may have to wait is written once, as a routine: a generator that yields what it
 * waits for and returns its result. `entidb` runs routines with promises; `entidb/sync`, where the
 * engine answers at once, runs the very same ones straight through.
 */

import { invalidInput } from './errors.js'

/** What takes some steps, some of which may have to wait. */
export type Routine<R> = Generator<Wait, R, undefined>

/** Values one by one, with what has to be waited for in between. */
export type Items<T> = Generator<T | Wait, void, undefined>

/** Runs a routine to its end. */
export type Drive = <R>(routine: Routine<R>) => R | Promise<R>

/** A pause of a routine. Whoever runs it lets it settle and goes on; it never throws by itself. */
export class Wait {
  readonly #promise: PromiseLike<unknown>
  #settled: { readonly value: unknown } | { readonly error: unknown } | undefined

  constructor(promise: PromiseLike<unknown>) {
    this.#promise = promise
  }

  /** Resolves once the outcome is known, whichever it is. */
  async settle(): Promise<void> {
    try {
      this.#settled = { value: await this.#promise }
    } catch (error) {
      this.#settled = { error }
    }
  }

  /** The value that was waited for, or its error. */
  outcome(): unknown {
    if (this.#settled === undefined) throw tooEarly()
    if ('error' in this.#settled) throw this.#settled.error
    return this.#settled.value
  }

  /** Where nothing can wait: the promise is let go of, and this is why. */
  refuse(): unknown {
    this.#promise.then(undefined, () => {})
    return tooEarly()
  }
}

function tooEarly() {
  return invalidInput('a function given to entidb/sync is not async; use entidb to wait')
}

/** Whether `value` has to be waited for. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    (typeof value === 'object' || typeof value === 'function') &&
    value !== null &&
    'then' in value &&
    typeof value.then === 'function'
  )
}

/** The answer itself, waited for where it has to be. */
export function* wait<R>(answer: R | PromiseLike<R>): Routine<R> {
  if (!isThenable(answer)) return answer
  const pause = new Wait(answer)
  yield pause
  return pause.outcome() as R
}

/** Runs a routine with promises. */
export async function runAsync<R>(routine: Routine<R>): Promise<R> {
  for (;;) {
    const step = routine.next()
    if (step.done) return step.value
    await step.value.settle()
  }
}

/** Runs a routine straight through; `InvalidInput` where a closure of the caller makes it wait. */
export function runSync<R>(routine: Routine<R>): R {
  let step = routine.next()
  // A routine may clean up before it ends, and that may throw or wait in turn.
  while (!step.done) step = routine.throw(step.value.refuse())
  return step.value
}
