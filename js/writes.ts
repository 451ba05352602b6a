/** Batches of writes on their way to the engine, however many there are. */

import type { Reader } from './codec/reader.js'
import { Writer } from './codec/writer.js'
import { isEntidbError } from './errors.js'
import { outcomes } from './ops.js'
import type { Session } from './port.js'
import { type Routine, wait } from './routine.js'

/** A batch up to this length is one message; a longer one becomes a transaction in such pieces. */
const PIECE_BYTES = 512 * 1024
/** How often something is tried that another commit came between. */
export const ATTEMPTS_MAX = 10

/** What is written, write by write, as often as it takes. */
export interface Writes {
  readonly count: number
  /** Appends the write `at`, by a routine where that has to wait for something. */
  put(writer: Writer, at: number): Routine<void> | undefined
  /** Reads what became of the write `at`. */
  read?(reader: Reader, at: number): void
}

/** One message of writes, and which they are. */
interface Piece {
  readonly bytes: Uint8Array
  readonly from: number
  readonly to: number
}

/**
 * Makes writes, all or none. Many of them are encoded piece by piece while the piece before is on
 * its way, so that neither this thread is kept busy for long nor much is in memory at once.
 */
export function* write(session: Session, writes: Writes, strict: boolean): Routine<void> {
  const { port, view } = session
  const first = yield* nextPiece(writes, 0)
  if (session.transaction !== undefined) return yield* stagePieces(session, view, writes, first)
  if (first.to < writes.count) return yield* writeMany(session, writes, first, strict)
  if (writes.count === 0) return
  const { bytes } = first
  read(writes, first, yield* wait(port.call<'stage'>({ call: 'stage', bytes, strict })))
}

/** Runs what may meet a conflict, up to ten times. */
export function* again<R>(attempt: () => Routine<R>): Routine<R> {
  for (let left = ATTEMPTS_MAX; ; left--) {
    try {
      return yield* attempt()
    } catch (error) {
      if (left === 1 || !isEntidbError(error, 'Conflict')) throw error
    }
  }
}

function* writeMany(
  session: Session,
  writes: Writes,
  encoded: Piece,
  strict: boolean,
): Routine<void> {
  const { port } = session
  let first: Piece | undefined = encoded
  yield* again(function* () {
    const view = port.newView()
    // Should this fail, what is staged in it fails as well.
    port.tell({ call: 'begin', view })
    try {
      yield* stagePieces(session, view, writes, first ?? (yield* nextPiece(writes, 0)))
      yield* wait(port.call<'txCommit'>({ call: 'txCommit', view, strict }))
    } finally {
      port.tell({ call: 'release', view })
      // Its buffer has been given away.
      first = undefined
    }
  })
}

function* stagePieces(
  { port, transaction }: Session,
  view: number,
  writes: Writes,
  first: Piece,
): Routine<void> {
  let piece = first
  try {
    while (piece.to > piece.from) {
      const { bytes } = piece
      const staged = port.call<'txStage'>({ call: 'txStage', view, bytes })
      // While it is on its way the next one is encoded, which may fail first.
      if (staged instanceof Promise) staged.catch(() => {})
      if (piece.to < writes.count) yield* wait(port.pause())
      const next: Piece = yield* nextPiece(writes, piece.to)
      read(writes, piece, yield* wait(staged))
      piece = next
    }
  } catch (error) {
    // What came before is in the transaction, and must not be committed without the rest.
    if (first.to < writes.count) transaction?.fail(error)
    throw error
  }
}

function* nextPiece(writes: Writes, from: number): Routine<Piece> {
  const writer = new Writer()
  let to = from
  while (to < writes.count && writer.length < PIECE_BYTES) {
    const routine = writes.put(writer, to)
    if (routine !== undefined) yield* routine
    to += 1
  }
  return { bytes: writer.take(), from, to }
}

function read(writes: Writes, { from, to }: Piece, staged: Uint8Array): void {
  const reader = outcomes(staged)
  for (let at = from; at < to; at++) writes.read?.(reader, at)
}
