/** The ids of documents and their ordered bytes; see engine/FORMAT.md, section 2. */

import { Reader } from './codec/reader.js'
import { getUtf8, putUtf8, utf8Length } from './codec/utf8.js'
import { Writer } from './codec/writer.js'
import { corrupt, type EntidbError, invalidInput, limitExceeded } from './errors.js'
import { ID_STRING_BYTES_MAX } from './limits.js'
import type { Id } from './types/values.js'
import { isUuid, putUuid, uuidText } from './uuid.js'

export { generateId } from './uuid.js'

const INTEGER = 1
const UUID = 2
const STRING = 3
const TWO_32 = 0x1_0000_0000
/** Bytes of an integer's or UUID's encoded form at most. */
const FIXED_BYTES_MAX = 17

const shared = new Writer(64)

/**
 * The bytes of `id`, in the order of ids: integers, then UUIDs, then other strings. Throws
 * `InvalidInput` where it is neither a safe integer nor a well-formed string that is not empty, and
 * `LimitExceeded` where it has more than 512 bytes.
 *
 * @example
 * const key = encodeId('a') // Uint8Array [3, 97, 0, 0]
 */
export function encodeId(id: Id): Uint8Array<ArrayBuffer> {
  shared.length = 0
  putId(shared, id)
  return shared.take()
}

/** Appends the bytes of `id`; on an error nothing has been appended. */
export function putId(writer: Writer, id: Id): void {
  if (typeof id === 'number') return putInteger(writer, id)
  if (typeof id !== 'string') throw wrongType(id)
  if (isUuid(id)) {
    writer.ensure(FIXED_BYTES_MAX)
    writer.bytes[writer.length] = UUID
    putUuid(writer.bytes, writer.length + 1, id)
    writer.length += 17
    return
  }
  putString(writer, id)
}

function putInteger(writer: Writer, id: number): void {
  if (!Number.isSafeInteger(id)) {
    throw invalidInput(`an id is a string or a safe integer, and ${id} is neither; use a string`)
  }
  writer.ensure(FIXED_BYTES_MAX)
  const at = writer.length
  writer.bytes[at] = INTEGER
  // Two's complement in two halves; adding 2^31 to the upper one flips the sign bit.
  const high = Math.floor(id / TWO_32)
  writer.view.setUint32(at + 1, high + 0x8000_0000)
  writer.view.setUint32(at + 5, id - high * TWO_32)
  writer.length = at + 9
}

function putString(writer: Writer, id: string): void {
  // No character takes less than a byte, so a longer string need not be measured.
  const bytes = id.length > ID_STRING_BYTES_MAX ? id.length : utf8Length(id)
  if (bytes < 0) throw invalidInput('an id must not have a lone surrogate; use well-formed text')
  if (bytes === 0) throw invalidInput('an id must not be empty; leave it out to have one made')
  if (bytes > ID_STRING_BYTES_MAX) {
    throw limitExceeded(`an id has at most ${ID_STRING_BYTES_MAX} bytes; shorten this one`)
  }
  writer.ensure(3 + 2 * bytes)
  const out = writer.bytes
  let at = writer.length
  out[at++] = STRING
  if (id.includes('\0')) {
    const end = putUtf8(out, at, id)
    for (const byte of out.slice(at, end)) {
      out[at++] = byte
      if (byte === 0) out[at++] = 0xff
    }
  } else {
    at = putUtf8(out, at, id)
  }
  out[at++] = 0
  out[at++] = 0
  writer.length = at
}

function wrongType(id: unknown): EntidbError {
  const what = id === null ? 'null' : `a value of type ${typeof id}`
  return invalidInput(`an id is a string or a safe integer, not ${what}; convert it first`)
}

/** The id whose bytes are all of `bytes[start..end]`; `Corrupt` where they are not one id. */
export function decodeId(bytes: Uint8Array, start = 0, end = bytes.length): Id {
  const reader = new Reader(bytes, start, end)
  const id = readId(reader)
  if (!reader.done) throw corrupt(reader.at)
  return id
}

/** Reads one id, which says itself where it ends. */
export function readId(reader: Reader): Id {
  const start = reader.at
  switch (reader.u8()) {
    case INTEGER:
      return readInteger(reader)
    case UUID:
      return uuidText(reader.bytes, reader.skip(16))
    case STRING:
      return readString(reader)
    default:
      throw corrupt(start)
  }
}

function readInteger(reader: Reader): number {
  const at = reader.skip(8)
  const view = new DataView(reader.bytes.buffer, reader.bytes.byteOffset + at, 8)
  const id = (view.getUint32(0) - 0x8000_0000) * TWO_32 + view.getUint32(4)
  if (!Number.isSafeInteger(id)) throw corrupt(at)
  return id
}

function readString(reader: Reader): string {
  const { bytes } = reader
  const start = reader.at
  const end = bytes.indexOf(0, start)
  let id: string | undefined
  if (end >= start && end + 1 < reader.end && bytes[end + 1] === 0) {
    reader.at = end + 2
    id = getUtf8(bytes, start, end)
  } else {
    id = readEscaped(reader)
  }
  if (id === undefined) throw corrupt(start)
  if (id === '' || end - start > ID_STRING_BYTES_MAX || isUuid(id)) throw corrupt(start)
  return id
}

function readEscaped(reader: Reader): string | undefined {
  const start = reader.at
  const plain: number[] = []
  for (;;) {
    const byte = reader.u8()
    if (byte === 0) {
      const next = reader.u8()
      if (next === 0) break
      if (next !== 0xff) throw corrupt(reader.at)
    }
    plain.push(byte)
    if (plain.length > ID_STRING_BYTES_MAX) throw corrupt(start)
  }
  return getUtf8(Uint8Array.from(plain), 0, plain.length)
}
