/** Errors of the engine on their way to the caller. */

import { EntidbError, isEntidbError } from './errors.js'
import { decodeId } from './ids.js'
import { lost, toWire } from './wire.js'

/** The error that was posted; the id in its details becomes one that the caller knows. */
export function fromWire(posted: unknown): EntidbError {
  const error = EntidbError.fromWire(posted)
  const { kind, message, details } = error
  const id: unknown = details.id
  if (!(id instanceof Uint8Array)) return error
  return new EntidbError(kind, message, { details: { ...details, id: decodeId(id) } })
}

/** What an engine in this thread has thrown. */
export function fromThrown(thrown: unknown): EntidbError {
  return isEntidbError(thrown) ? thrown : fromWire(toWire(thrown) ?? lost(thrown, undefined))
}
