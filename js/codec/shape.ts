import { invalidInput } from '../errors.js'
import { formatPath } from '../paths.js'
import { putUtf8, utf8Length } from './utf8.js'

/** Objects with more properties are dictionaries rather than records, and are not remembered. */
const CACHED_KEYS_MAX = 64
/** Keys that take more bytes together are not remembered, so that the cache stays small. */
const CACHED_BYTES_MAX = 4096
/** Shapes remembered; a power of two. */
const CACHE_SLOTS = 256

/** What is the same for every object with the same own keys in the same order. */
export interface Shape {
  /** The own keys as `Object.keys` gives them. */
  readonly keys: readonly string[]
  /** Positions in `keys`, in canonical order. */
  readonly order: readonly number[]
  /** The encoded keys, in canonical order. */
  readonly encoded: readonly Uint8Array[]
  /** Position of `id` in `keys`, or -1. */
  readonly idAt: number
}

const cache: (Shape | undefined)[] = new Array<Shape | undefined>(CACHE_SLOTS).fill(undefined)

/** The shape of an object with these keys; `path` is where the object is, for the error message. */
export function shapeOf(keys: readonly string[], path: () => (string | number)[]): Shape {
  const n = keys.length
  if (n === 0 || n > CACHED_KEYS_MAX) return makeShape(keys, path)
  const first = keys[0] as string
  const last = keys[n - 1] as string
  const hash = n * 31 + first.length * 7 + last.length * 3 + last.charCodeAt(0)
  const slot = hash & (CACHE_SLOTS - 1)
  const known = cache[slot]
  if (known !== undefined && sameKeys(known.keys, keys)) return known
  const shape = makeShape(keys, path)
  let bytes = 0
  for (const key of shape.encoded) bytes += key.length
  if (bytes <= CACHED_BYTES_MAX) cache[slot] = shape
  return shape
}

function sameKeys(a: readonly string[], b: readonly string[]): boolean {
  const n = a.length
  if (n !== b.length) return false
  for (let i = 0; i < n; i++) if (a[i] !== b[i]) return false
  return true
}

function makeShape(keys: readonly string[], path: () => (string | number)[]): Shape {
  const bytes = keys.map((key) => encodeKey(key, path))
  const order = keys.map((_, i) => i)
  order.sort((a, b) => compareBytes(bytes[a] as Uint8Array, bytes[b] as Uint8Array))
  const encoded = order.map((i) => bytes[i] as Uint8Array)
  return { keys, order, encoded, idAt: keys.indexOf('id') }
}

function encodeKey(key: string, path: () => (string | number)[]): Uint8Array {
  const n = utf8Length(key)
  if (n < 0) {
    const place = formatPath([...path(), key])
    throw invalidInput(`the property name ${place} has a lone surrogate; use well-formed text`, {
      path: place,
    })
  }
  const head = textHead(n)
  const bytes = new Uint8Array(head.length + n)
  bytes.set(head)
  putUtf8(bytes, head.length, key)
  return bytes
}

function textHead(n: number): number[] {
  if (n < 24) return [0x60 | n]
  if (n < 0x100) return [0x78, n]
  if (n < 0x1_0000) return [0x79, n >> 8, n & 0xff]
  return [0x7a, n >>> 24, (n >> 16) & 0xff, (n >> 8) & 0xff, n & 0xff]
}

/** Bytewise order: negative, zero or positive as `a` is before, equal to or after `b`. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const n = Math.min(a.length, b.length)
  for (let i = 0; i < n; i++) {
    const difference = (a[i] as number) - (b[i] as number)
    if (difference !== 0) return difference
  }
  return a.length - b.length
}
