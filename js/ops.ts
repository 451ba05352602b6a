/** Writes as the engine takes them: one message is one atomic batch. */

import { encodeDocument, putDocument } from './codec/encode.js'
import { Reader } from './codec/reader.js'
import type { Writer } from './codec/writer.js'
import { invalidInput } from './errors.js'
import { putId } from './ids.js'
import type { Id } from './types/values.js'

const INSERT = 1
const PUT = 2
const PUT_IF_HASH = 3
const PUT_IF_ABSENT = 4
const UPDATE = 5
const DELETE = 6

const HASH_DIGITS = 64
/** Room for the length of a document, which is known once it has been written. */
const LENGTH_BYTES_MAX = 4

/** The condition that a `put` is made under. */
export type Condition = string | null | undefined

/** Appends an insert of `doc` under `id`. */
export function putInsert(writer: Writer, collection: number, id: Id, doc: object): void {
  putHeader(writer, INSERT, collection, id)
  putDocumentSlice(writer, doc)
}

/** Appends a put of `doc` under `id`, if what is stored has the hash `ifMatch`. */
export function putPut(
  writer: Writer,
  collection: number,
  id: Id,
  doc: object,
  ifMatch: Condition,
): void {
  const code = ifMatch === undefined ? PUT : ifMatch === null ? PUT_IF_ABSENT : PUT_IF_HASH
  putHeader(writer, code, collection, id)
  putDocumentSlice(writer, doc)
  if (typeof ifMatch === 'string') writer.raw(hashBytes(ifMatch))
}

/** Appends a shallow change: what is `undefined` in `patch` is deleted. */
export function putUpdate(writer: Writer, collection: number, id: Id, patch: object): void {
  // Encoded first: it says what is wrong with a patch that is no plain object.
  const changes = encodeDocument(patch)
  putHeader(writer, UPDATE, collection, id)
  writer.slice(changes)
  const deleted = Object.entries(patch).flatMap(([name, value]) =>
    value === undefined && name !== 'id' ? [name] : [],
  )
  writer.varint(deleted.length)
  for (const name of deleted) writer.text(name)
}

/** Appends a deletion. */
export function putDelete(writer: Writer, collection: number, id: Id): void {
  putHeader(writer, DELETE, collection, id)
}

function putHeader(writer: Writer, code: number, collection: number, id: Id): void {
  writer.u8(code)
  writer.varint(collection)
  putIdSlice(writer, id)
}

/** Appends an id with its length in front. */
export function putIdSlice(writer: Writer, id: Id): void {
  putSlice(writer, () => putId(writer, id))
}

function putDocumentSlice(writer: Writer, doc: object): void {
  putSlice(writer, () => putDocument(writer, doc))
}

function putSlice(writer: Writer, put: () => void): void {
  const start = writer.length
  const from = start + LENGTH_BYTES_MAX
  writer.ensure(LENGTH_BYTES_MAX)
  writer.length = from
  put()
  const end = writer.length
  writer.length = start
  writer.varint(end - from)
  writer.bytes.copyWithin(writer.length, from, end)
  writer.length += end - from
}

/** The hash of `hash()` as bytes. */
function hashBytes(hash: string): Uint8Array {
  return Uint8Array.from({ length: HASH_DIGITS / 2 }, (_, i) =>
    Number.parseInt(hash.slice(2 * i, 2 * i + 2), 16),
  )
}

/** Bytes as `hash()` returns them. */
export function hashText(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}

/** Throws `InvalidInput` where `ifMatch` is no condition. */
export function checkCondition(ifMatch: unknown): asserts ifMatch is Condition {
  if (ifMatch === undefined || ifMatch === null) return
  if (typeof ifMatch === 'string' && /^[0-9a-f]{64}$/.test(ifMatch)) return
  throw invalidInput("'ifMatch' is what hash() returned, or null for nothing stored")
}

const GROUP_FULL = 1
const COMMITTED = 2

/** Whether nothing was staged: the open group must be committed first. */
export function isGroupFull(staged: Uint8Array): boolean {
  return staged[0] === GROUP_FULL
}

/** Whether the writes are committed already, outside the open group. */
export function isCommitted(staged: Uint8Array): boolean {
  return staged[0] === COMMITTED
}

/** What became of each write, one after the other: read as the writes say. */
export function outcomes(staged: Uint8Array): Reader {
  const reader = new Reader(staged)
  reader.u8()
  reader.varint()
  return reader
}
