/**
 * Documents to canonical CBOR; see engine/FORMAT.md, section 1. Most of the cost of a bulk import
 * is here: what is the same for all objects of one shape is kept (shape.ts), and short text is
 * written by a loop, because calls of the platform cost more than the text itself.
 */

import { type EntidbError, invalidInput, limitExceeded } from '../errors.js'
import { DOCUMENT_BYTES_MAX, DOCUMENT_DEPTH_MAX } from '../limits.js'
import { formatPath } from '../paths.js'
import { halfBits } from './half.js'
import { HEAD_BYTES_MAX, putHead } from './head.js'
import { type Shape, shapeOf } from './shape.js'
import { putText } from './text.js'
import { Writer } from './writer.js'

/** A buffer that one huge document has grown is given back. */
const KEPT_BYTES_MAX = 1024 * 1024
const SAFE_BIGINT = 2n ** 53n

/** Keys and positions on the way to the value being written, one per level. */
let trail: (string | number)[] = []
/** The outermost value, from which the trail leads. */
let root: unknown
/** Whether a document is being written: a getter may start to encode another one. */
let busy = false
let shared = new Writer()

/**
 * The canonical bytes of `doc` without its `id`. Throws `InvalidInput` naming the path of what
 * cannot be stored, and `LimitExceeded` beyond 16 MiB or 128 levels.
 *
 * @example
 * const bytes = encodeDocument({ id: 'a', title: 'Write', tags: ['x'] })
 */
export function encodeDocument(doc: object): Uint8Array<ArrayBuffer> {
  return encodeRoot(doc, true)
}

/** The canonical bytes of one value, with the rules and limits of {@link encodeDocument}. */
export function encodeValue(value: unknown): Uint8Array<ArrayBuffer> {
  return encodeRoot(value, false)
}

function encodeRoot(value: unknown, document: boolean): Uint8Array<ArrayBuffer> {
  const writer = busy ? new Writer() : shared
  writer.length = 0
  putRoot(writer, value, document)
  const bytes = writer.take()
  if (writer === shared && writer.bytes.length > KEPT_BYTES_MAX) shared = new Writer()
  return bytes
}

/** Appends what {@link encodeDocument} returns. On an error nothing has been appended. */
export function putDocument(writer: Writer, doc: object): void {
  putRoot(writer, doc, true)
}

/** Appends what {@link encodeValue} returns. On an error nothing has been appended. */
export function putValue(writer: Writer, value: unknown): void {
  putRoot(writer, value, false)
}

function putRoot(writer: Writer, value: unknown, document: boolean): void {
  const outer = { trail, root, busy, limit: writer.limit }
  const start = writer.length
  if (busy) trail = []
  root = value
  busy = true
  // Room is made ahead of need, so a little more than the maximum; the end decides.
  writer.limit = Math.min(writer.limit, start + DOCUMENT_BYTES_MAX + 4096)
  let done = false
  try {
    if (document) putTop(writer, value)
    else putItem(writer, value, 0)
    if (writer.length - start > DOCUMENT_BYTES_MAX) {
      const bytes = writer.length - start
      throw limitExceeded(
        `a document has at most ${DOCUMENT_BYTES_MAX} encoded bytes; split this one of ${bytes}`,
      )
    }
    done = true
  } finally {
    if (!done) writer.length = start
    trail = outer.trail
    root = outer.root
    busy = outer.busy
    writer.limit = outer.limit
  }
}

function putTop(writer: Writer, value: unknown): void {
  if (typeof value !== 'object' || value === null || !isPlain(value)) {
    throw invalidInput(`a document is a plain object such as { id: 'a' }, not ${describe(value)}`)
  }
  putMap(writer, value, 0, true)
}

function putItem(writer: Writer, value: unknown, depth: number): void {
  switch (typeof value) {
    case 'string':
      if (!putText(writer, value)) throw unstorable(value, depth)
      return
    case 'number':
      return putNumber(writer, value, depth)
    case 'boolean':
      return writer.u8(value ? 0xf5 : 0xf4)
    case 'object':
      return value === null ? writer.u8(0xf6) : putObject(writer, value, depth)
    case 'bigint':
      return putBigint(writer, value, depth)
    default:
      throw unstorable(value, depth)
  }
}

function putObject(writer: Writer, value: object, depth: number): void {
  if (Array.isArray(value)) return putArray(writer, value, depth)
  if (isPlain(value)) return putMap(writer, value, depth, false)
  if (value instanceof Date || isForeignDate(value)) return putDate(writer, value as Date, depth)
  if (isBytes(value)) return putBytes(writer, value)
  throw unstorable(value, depth)
}

function putMap(writer: Writer, value: object, depth: number, withoutId: boolean): void {
  if (depth >= DOCUMENT_DEPTH_MAX) throw tooDeep(depth)
  const keys = Object.keys(value)
  const shape = shapeOf(keys, () => trail.slice(0, depth))
  // Read at once: a getter runs once, and an object in a stable state is read by the fastest way.
  const values: unknown[] = Object.values(value)
  const n = keys.length
  if (values.length !== n) throw changing(depth)
  if (withoutId && shape.idAt >= 0) values[shape.idAt] = undefined
  let count = n
  for (let i = 0; i < n; i++) if (values[i] === undefined) count -= 1
  putHead(writer, 0xa0, count)
  putEntries(writer, shape, values, depth)
}

function putEntries(writer: Writer, shape: Shape, values: unknown[], depth: number): void {
  const { keys, order, encoded } = shape
  for (let j = 0; j < order.length; j++) {
    const i = order[j] as number
    const value = values[i]
    if (value === undefined) continue
    const key = encoded[j] as Uint8Array
    const length = key.length
    writer.ensure(length)
    const bytes = writer.bytes
    const at = writer.length
    for (let k = 0; k < length; k++) bytes[at + k] = key[k] as number
    writer.length = at + length
    trail[depth] = keys[i] as string
    putItem(writer, value, depth + 1)
  }
}

function putArray(writer: Writer, value: readonly unknown[], depth: number): void {
  if (depth >= DOCUMENT_DEPTH_MAX) throw tooDeep(depth)
  const n = value.length
  putHead(writer, 0x80, n)
  for (let i = 0; i < n; i++) {
    trail[depth] = i
    putItem(writer, value[i], depth + 1)
  }
}

function putNumber(writer: Writer, n: number, depth: number): void {
  // Also true for -0, which is stored as 0.
  if ((n | 0) === n) return n >= 0 ? putHead(writer, 0x00, n) : putHead(writer, 0x20, -1 - n)
  if (Number.isSafeInteger(n)) {
    return n >= 0 ? putHead(writer, 0x00, n) : putHead(writer, 0x20, -1 - n)
  }
  if (n - n !== 0) throw unstorable(n, depth)
  putFloat(writer, n)
}

function putFloat(writer: Writer, n: number): void {
  writer.ensure(HEAD_BYTES_MAX)
  const { bytes, view } = writer
  const at = writer.length
  if (Math.fround(n) !== n) {
    bytes[at] = 0xfb
    view.setFloat64(at + 1, n)
    writer.length = at + 9
    return
  }
  const half = halfBits(n)
  if (half < 0) {
    bytes[at] = 0xfa
    view.setFloat32(at + 1, n)
    writer.length = at + 5
  } else {
    bytes[at] = 0xf9
    view.setUint16(at + 1, half)
    writer.length = at + 3
  }
}

function putBigint(writer: Writer, n: bigint, depth: number): void {
  if (n < -(2n ** 63n) || n >= 2n ** 64n) throw unstorable(n, depth)
  const negative = n < 0n
  const magnitude = negative ? -1n - n : n
  if (n <= -SAFE_BIGINT || n >= SAFE_BIGINT) {
    writer.ensure(HEAD_BYTES_MAX)
    writer.u8(negative ? 0x3b : 0x1b)
    writer.view.setBigUint64(writer.length, magnitude)
    writer.length += 8
    return
  }
  // In the safe range a bare integer would come back as a number, so this is a bignum.
  writer.u8(negative ? 0xc3 : 0xc2)
  let rest = Number(magnitude)
  let length = 0
  for (let left = rest; left >= 1; left /= 0x100) length += 1
  writer.ensure(1 + length)
  writer.u8(0x40 | length)
  for (let i = length - 1; i >= 0; i--) {
    writer.bytes[writer.length + i] = rest % 0x100
    rest = Math.floor(rest / 0x100)
  }
  writer.length += length
}

function putDate(writer: Writer, date: Date, depth: number): void {
  const ms = Date.prototype.getTime.call(date)
  if (Number.isNaN(ms)) throw unstorable(date, depth)
  writer.u8(0xc1)
  putNumber(writer, ms / 1000, depth)
}

function putBytes(writer: Writer, value: Uint8Array): void {
  putHead(writer, 0x40, value.length)
  writer.raw(value)
}

const plain = Object.prototype
const { hasOwnProperty: hasOwn, toString: spell } = plain

/** Whether `value` is an object literal, of this realm or another one, or has no prototype. */
export function isPlain(value: object): boolean {
  const proto: unknown = Object.getPrototypeOf(value)
  if (proto === plain || proto === null) return true
  if (typeof proto !== 'object' || Object.getPrototypeOf(proto) !== null) return false
  return hasOwn.call(proto, 'isPrototypeOf')
}

function isForeignDate(value: object): boolean {
  return !(Symbol.toStringTag in value) && spell.call(value) === '[object Date]'
}

/** Whether `value` is bytes, of this realm or another one. */
export function isBytes(value: object): value is Uint8Array {
  if (value instanceof Uint8Array) return true
  return ArrayBuffer.isView(value) && spell.call(value) === '[object Uint8Array]'
}

function unstorable(value: unknown, depth: number): EntidbError {
  const steps = trail.slice(0, depth)
  const path = formatPath(steps)
  const place = path === '' ? 'the value' : path
  const hole = value === undefined && typeof steps.at(-1) === 'number'
  const advice = hole
    ? 'use null, or remove it: an array has no missing elements'
    : 'a document holds null, booleans, finite numbers, 64-bit bigints, well-formed strings, ' +
      'Uint8Array, valid Date, arrays and plain objects; convert it or leave it out'
  return invalidInput(`${place} is ${describe(value)}, which cannot be stored; ${advice}`, { path })
}

/** Names a value that cannot be stored. */
function describe(value: unknown): string {
  switch (typeof value) {
    case 'number':
      return String(value)
    case 'bigint':
      return 'a bigint beyond 64 bits'
    case 'string':
      return 'a string with a lone surrogate'
    case 'object':
      if (value === null) return 'null'
      if (Array.isArray(value)) return 'an array'
      if (value instanceof Date) return 'an invalid Date'
      return `an instance of a class (${spell.call(value).slice(8, -1)})`
    case 'undefined':
      return 'undefined'
    default:
      return `a ${typeof value}`
  }
}

function changing(depth: number): EntidbError {
  const path = formatPath(trail.slice(0, depth))
  const place = path === '' ? 'the document' : path
  return invalidInput(`${place} changed while it was read; pass an object without such getters`, {
    path,
  })
}

/** Too deep, either by itself or because it contains itself. */
function tooDeep(depth: number): EntidbError {
  const steps = trail.slice(0, depth)
  const loop = findLoop(steps)
  if (loop !== undefined) {
    const path = formatPath(loop)
    return invalidInput(`${path} contains itself; store the id of what it refers to instead`, {
      path,
    })
  }
  const path = formatPath(steps)
  const limit = `a document has at most ${DOCUMENT_DEPTH_MAX} levels of arrays and objects`
  return limitExceeded(`${limit}; flatten what is at ${path}`, { path })
}

/** The first place on the trail whose value is one of those around it. */
function findLoop(steps: readonly (string | number)[]): (string | number)[] | undefined {
  const seen = new Set<unknown>()
  let value: unknown = root
  for (let i = 0; ; i++) {
    if (seen.has(value)) return steps.slice(0, i)
    seen.add(value)
    const step = steps[i]
    if (step === undefined || typeof value !== 'object' || value === null) return undefined
    value = (value as Record<string | number, unknown>)[step]
  }
}
