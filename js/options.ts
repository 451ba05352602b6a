/** Checks of what callers without types may get wrong in options. */

import { EntidbError, invalidInput } from './errors.js'
import type { Watch } from './port.js'
import type { LongCallOptions } from './types/open.js'

/** Whether a write waits for a sync. */
export function checkDurability(durability: unknown, otherwise: boolean): boolean {
  if (durability === undefined) return otherwise
  if (durability === 'strict' || durability === 'relaxed') return durability === 'strict'
  throw invalidInput(`'durability' is 'strict' or 'relaxed', not ${String(durability)}`)
}

/**
 * How a call that takes long is watched, from what the caller wants of it. Collections have numbers
 * there; `nameOf` knows their names.
 */
export function watchOf(
  { signal, onProgress }: LongCallOptions,
  nameOf: (collection: number) => string | undefined,
): Watch {
  checkSignal(signal)
  checkCallback(onProgress, 'onProgress')
  if (onProgress === undefined) return { signal }
  return {
    signal,
    onProgress({ phase, done, total, collection }) {
      const name = collection === undefined ? undefined : nameOf(collection)
      onProgress({ phase, done, total, ...(name !== undefined && { collection: name }) })
    },
  }
}

/** Throws `InvalidInput` where `signal` is none, and `Aborted` where it has been given already. */
export function checkSignal(signal: AbortSignal | undefined): void {
  if (signal === undefined) return
  if (!(signal instanceof AbortSignal)) throw invalidInput("'signal' is an AbortSignal")
  if (signal.aborted) throw aborted(signal)
}

/** Throws `InvalidInput` where there is something that is no function. */
export function checkCallback(callback: unknown, name: string): void {
  if (callback === undefined || typeof callback === 'function') return
  throw invalidInput(`'${name}' is a function`)
}

/** Throws `InvalidInput` where what a transaction or snapshot is for is no function. */
export function checkWork(work: unknown): void {
  if (typeof work === 'function') return
  throw invalidInput('what a transaction or snapshot is for is a function')
}

/** Throws `InvalidInput` where a flag is neither there nor a boolean. */
export function checkFlag(flag: unknown, name: string, otherwise: boolean): boolean {
  if (flag === undefined) return otherwise
  if (typeof flag === 'boolean') return flag
  throw invalidInput(`'${name}' is true or false, not ${String(flag)}`)
}

/** The error of what a signal has ended; its reason is the cause. */
export function aborted({ reason }: AbortSignal): EntidbError {
  return new EntidbError('Aborted', 'its signal has ended this; call again if need be', {
    cause: reason,
  })
}
