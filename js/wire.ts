/**
 * Errors on the worker's side, where they are plain objects as the engine throws them: the class
 * that callers know does not survive being posted.
 */

import type { ErrorKind, WireError } from './errors.js'

/** An error for whoever called. */
export function fault(kind: ErrorKind, message: string): WireError {
  return { kind, message }
}

/** What was thrown, as it is posted; nothing where it says that the engine itself has stopped. */
export function toWire(thrown: unknown): WireError | undefined {
  const kind = kindOf(thrown)
  // After a trap the engine answers `HostLost` to every call.
  return typeof kind === 'string' && kind !== 'HostLost' ? (thrown as WireError) : undefined
}

/** The error of an engine that has stopped; `panic` is what it said last. */
export function lost(thrown: unknown, panic: string | undefined): WireError {
  const said = panic ?? (thrown as { readonly message?: unknown } | null)?.message ?? thrown
  const kind = kindOf(thrown) === 'OutOfMemory' ? 'OutOfMemory' : 'HostLost'
  const advice = 'what was acknowledged is safe; open it again'
  return fault(kind, `the engine stopped: ${String(said)}; ${advice}`)
}

/** The kind of an error of the engine. */
export function kindOf(thrown: unknown): unknown {
  return (thrown as { readonly kind?: unknown } | null | undefined)?.kind
}
