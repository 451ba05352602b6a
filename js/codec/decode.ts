/**
 * Canonical CBOR to documents; see engine/FORMAT.md, section 1. Nothing but the canonical form is
 * taken, so that encoding what was decoded gives the same bytes again.
 */

import { corrupt } from '../errors.js'
import { DOCUMENT_DEPTH_MAX } from '../limits.js'
import { halfBits, halfValue } from './half.js'
import { documentKeys, innerKeys, type KeyNode, valueKeys } from './keys.js'
import { getUtf8 } from './utf8.js'

/** Objects with more keys are dictionaries rather than records; their keys are not remembered. */
const RECORD_KEYS_MAX = 64
const TWO_32 = 0x1_0000_0000
/** Milliseconds on either side of 1970 that a Date can hold. */
const DATE_MS_MAX = 8.64e15
const NOTHING = new Uint8Array(0)

const scratch = new DataView(new ArrayBuffer(8))

// What is being decoded. No code of the caller runs meanwhile, so this is never entered twice.
let bytes: Uint8Array = NOTHING
let at = 0
let end = 0
/** The upper 32 bits of the argument read last, if it had 8 bytes. */
let high = 0

/**
 * The document whose canonical bytes are `source[start..stop]`, with `id` as its first property if
 * one is given. Fails with `Corrupt` where the bytes are not those of one document.
 *
 * @example
 * const doc = decodeDocument(bytes, 'a') // { id: 'a', title: 'Write' }
 */
export function decodeDocument(
  source: Uint8Array,
  id?: string | number,
  start = 0,
  stop = source.length,
): Record<string, unknown> {
  begin(source, start, stop)
  try {
    if (at >= end || (byteAt(at) & 0xe0) !== 0xa0) throw corrupt(at)
    const info = byteAt(at++) & 0x1f
    const doc: Record<string, unknown> = id === undefined ? {} : { id }
    readEntries(doc, documentKeys(), argument(info), 1)
    if (at !== end) throw corrupt(at)
    return doc
  } finally {
    bytes = NOTHING
  }
}

/** The value whose canonical bytes are `source[start..stop]`; fails like {@link decodeDocument}. */
export function decodeValue(source: Uint8Array, start = 0, stop = source.length): unknown {
  begin(source, start, stop)
  try {
    const value = readItem(valueKeys(), 0)
    if (at !== end) throw corrupt(at)
    return value
  } finally {
    bytes = NOTHING
  }
}

function begin(source: Uint8Array, start: number, stop: number): void {
  bytes = source
  at = start
  end = Math.min(stop, source.length)
}

function byteAt(position: number): number {
  return bytes[position] as number
}

/** Moves over `n` bytes and returns where they start. */
function skip(n: number): number {
  const start = at
  if (n > end - start) throw corrupt(start)
  at = start + n
  return start
}

/** The next value; `owner` is the key that it is the value of. */
function readItem(owner: KeyNode, depth: number): unknown {
  const head = byteAt(skip(1))
  const info = head & 0x1f
  switch (head >> 5) {
    case 0:
      return readPositive(info)
    case 1:
      return readNegative(info)
    case 2:
      return readBytes(info)
    case 3:
      return readText(info)
    case 4:
      return readArray(owner, info, depth)
    case 5:
      return readMap(owner, info, depth)
    case 6:
      return readTag(info, owner, depth)
    default:
      return readSimple(info)
  }
}

/** The argument of a head, whose lower five bits are `info`; exact up to 2^53. */
function argument(info: number): number {
  high = 0
  if (info < 24) return info
  let n = 0
  let least = 24
  if (info === 24) {
    n = byteAt(skip(1))
  } else if (info === 25) {
    const p = skip(2)
    n = (byteAt(p) << 8) | byteAt(p + 1)
    least = 0x100
  } else if (info === 26) {
    n = word(skip(4))
    least = 0x1_0000
  } else if (info === 27) {
    const p = skip(8)
    high = word(p)
    n = high * TWO_32 + word(p + 4)
    least = TWO_32
  } else {
    throw corrupt(at - 1)
  }
  if (n < least) throw corrupt(at)
  return n
}

/** Four bytes as an unsigned number, big-endian. */
function word(p: number): number {
  const low = (byteAt(p + 1) << 16) | (byteAt(p + 2) << 8) | byteAt(p + 3)
  return byteAt(p) * 0x100_0000 + low
}

/** The argument read last, exactly; it had 8 bytes. */
function exactArgument(): bigint {
  return (BigInt(high) << 32n) | BigInt(word(at - 4))
}

function readPositive(info: number): number | bigint {
  const n = argument(info)
  return n <= Number.MAX_SAFE_INTEGER ? n : exactArgument()
}

function readNegative(info: number): number | bigint {
  const n = argument(info)
  if (n < Number.MAX_SAFE_INTEGER) return -1 - n
  if (high >= 0x8000_0000) throw corrupt(at - 9)
  return -1n - exactArgument()
}

function readBytes(info: number): Uint8Array {
  const n = argument(info)
  const start = skip(n)
  // A plain copy: the source may be a view of a whole page of documents, or a Buffer.
  const copy = new Uint8Array(n)
  copy.set(bytes.subarray(start, start + n))
  return copy
}

function readText(info: number): string {
  const n = argument(info)
  const start = skip(n)
  const text = getUtf8(bytes, start, start + n)
  if (text === undefined) throw corrupt(start)
  return text
}

function readArray(owner: KeyNode, info: number, depth: number): unknown[] {
  if (depth >= DOCUMENT_DEPTH_MAX) throw corrupt(at)
  const n = argument(info)
  if (n > end - at) throw corrupt(at)
  const array: unknown[] = []
  for (let i = 0; i < n; i++) array.push(readItem(owner, depth + 1))
  return array
}

function readMap(owner: KeyNode, info: number, depth: number): Record<string, unknown> {
  if (depth >= DOCUMENT_DEPTH_MAX) throw corrupt(at)
  const map: Record<string, unknown> = {}
  readEntries(map, innerKeys(owner), argument(info), depth + 1)
  return map
}

function readEntries(
  map: Record<string, unknown>,
  keys: KeyNode,
  count: number,
  depth: number,
): void {
  const record = count <= RECORD_KEYS_MAX
  let node = keys
  for (let i = 0; i < count; i++) {
    node = nextKey(node, record)
    const value = readItem(node, depth)
    if (node.key === '__proto__') {
      // An assignment would replace the prototype.
      const property = { value, writable: true, enumerable: true, configurable: true }
      Object.defineProperty(map, '__proto__', property)
    } else {
      map[node.key] = value
    }
  }
}

function nextKey(node: KeyNode, record: boolean): KeyNode {
  const start = at
  const last = node.last
  if (last !== undefined && comesNext(last.bytes)) {
    at = start + last.bytes.length
    return last
  }
  const head = byteAt(skip(1))
  if (head >> 5 !== 3) throw corrupt(start)
  const n = argument(head & 0x1f)
  const text = skip(n)
  return node.step(bytes, start, text, at, record)
}

function comesNext(key: Uint8Array): boolean {
  const n = key.length
  if (n > end - at) return false
  for (let i = 0; i < n; i++) if (bytes[at + i] !== key[i]) return false
  return true
}

function readTag(tag: number, owner: KeyNode, depth: number): Date | bigint {
  const start = at
  if (tag === 1) return readDate(start, owner, depth)
  if (tag !== 2 && tag !== 3) throw corrupt(start)
  const head = byteAt(skip(1))
  const n = head & 0x1f
  // 2^53 - 1 has 7 bytes.
  if (head >> 5 !== 2 || n > 7) throw corrupt(start)
  const digits = skip(n)
  if (n > 0 && byteAt(digits) === 0) throw corrupt(start)
  let magnitude = 0
  for (let i = 0; i < n; i++) magnitude = magnitude * 0x100 + byteAt(digits + i)
  const most = tag === 2 ? Number.MAX_SAFE_INTEGER : Number.MAX_SAFE_INTEGER - 1
  if (magnitude > most) throw corrupt(start)
  return tag === 2 ? BigInt(magnitude) : -1n - BigInt(magnitude)
}

function readDate(start: number, owner: KeyNode, depth: number): Date {
  const major = at < end ? byteAt(at) >> 5 : 0
  // Looked at first, as tags within tags would take the stack to any depth.
  const seconds = major < 2 || major === 7 ? readItem(owner, depth) : undefined
  if (typeof seconds !== 'number') throw corrupt(start)
  // Rounding would not do: from 2^42 seconds on the product can be half a millisecond off. It is
  // never further off, so its floor is the number looked for or one below.
  const low = Math.floor(seconds * 1000)
  const ms = low / 1000 === seconds ? low : low + 1
  if (Math.abs(ms) > DATE_MS_MAX || ms / 1000 !== seconds) {
    throw corrupt(start)
  }
  return new Date(ms)
}

function readSimple(info: number): boolean | null | number {
  switch (info) {
    case 20:
      return false
    case 21:
      return true
    case 22:
      return null
    case 25: {
      const p = skip(2)
      return checkFloat(halfValue((byteAt(p) << 8) | byteAt(p + 1)), 2)
    }
    case 26:
      scratch.setUint32(0, word(skip(4)))
      return checkFloat(scratch.getFloat32(0), 4)
    case 27: {
      const p = skip(8)
      scratch.setUint32(0, word(p))
      scratch.setUint32(4, word(p + 4))
      return checkFloat(scratch.getFloat64(0), 8)
    }
    default:
      throw corrupt(at - 1)
  }
}

/** `n` as it was read from a float of `width` bytes, if that is its canonical form. */
function checkFloat(n: number, width: number): number {
  if (n - n !== 0) throw corrupt(at - width)
  const single = width === 8 && Math.fround(n) === n
  if (Number.isSafeInteger(n) || single || (width === 4 && halfBits(n) >= 0)) {
    throw corrupt(at - width)
  }
  return n
}
