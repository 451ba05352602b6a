/** Errors of the engine, which throws plain objects. */

import { EntidbError, isEntidbError, type WireError } from './errors.js'
import { decodeId } from './ids.js'

/** `error` as it is posted; nothing where it says that the engine itself has stopped. */
export function toWire(error: unknown): WireError | undefined {
  if (isEntidbError(error)) return error.toWire()
  return typeof error === 'object' && error !== null && 'kind' in error && !isTrap(error)
    ? (error as WireError)
    : undefined
}

function isTrap(error: object): boolean {
  // After a trap the engine answers these to every call.
  return 'kind' in error && error.kind === 'HostLost'
}

/** The error of a stopped engine. */
export function lost(error: unknown, panic: string | undefined): WireError {
  const said = (error as { message?: unknown } | null)?.message ?? error
  const kind =
    (error as { kind?: unknown } | null)?.kind === 'OutOfMemory' ? 'OutOfMemory' : 'HostLost'
  const what = `the engine stopped: ${panic ?? String(said)}`
  return { kind, message: `${what}; what was acknowledged is safe, open the database again` }
}

/** An error as it is thrown to the caller; the id in it becomes one that they know. */
export function fromWire(error: unknown): EntidbError {
  const wire = EntidbError.fromWire(error)
  const id: unknown = wire.details.id
  if (!(id instanceof Uint8Array)) return wire
  const { kind, message, details } = wire
  return new EntidbError(kind, message, { details: { ...details, id: decodeId(id) } })
}

/** What an engine in this thread has thrown, as it is thrown to the caller. */
export function fromThrown(error: unknown): EntidbError {
  return isEntidbError(error) ? error : fromWire(toWire(error) ?? lost(error, undefined))
}
