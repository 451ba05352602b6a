/** Errors of the engine on their way to the caller. */

import { EntidbError, isEntidbError } from './errors.js'
import { decodeId } from './ids.js'
import type { Id } from './types/values.js'
import { lost, toWire } from './wire.js'

/** The error that was posted; the id in its details becomes one that the caller knows. */
export function fromWire(posted: unknown): EntidbError {
  const error = EntidbError.fromWire(posted)
  const { kind, message, details } = error
  const { id, ...others } = details
  if (!((id as unknown) instanceof Uint8Array)) return error
  const known = readable(id as unknown as Uint8Array)
  return new EntidbError(kind, message, {
    details: known === undefined ? others : { ...others, id: known },
  })
}

/** The id, unless it is damaged: what the engine says of the damage must not be lost over it. */
function readable(id: Uint8Array): Id | undefined {
  try {
    return decodeId(id)
  } catch {
    return undefined
  }
}

/** What an engine in this thread has thrown. */
export function fromThrown(thrown: unknown): EntidbError {
  return isEntidbError(thrown) ? thrown : fromWire(toWire(thrown) ?? lost(thrown, undefined))
}
