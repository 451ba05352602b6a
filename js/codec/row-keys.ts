/** The keys of blocks of rows. Most blocks have those of one before, not to be read again. */

import { Reader } from './reader.js'

/** Keys by their number. */
export type Keys = readonly string[]

/** Sets of keys remembered; a power of two. */
const SLOTS = 32
/** Longer sets are not remembered: they are those of dictionaries rather than of records. */
const BYTES_MAX = 4096

interface Known {
  readonly bytes: Uint8Array
  readonly keys: Keys
}

const known: (Known | undefined)[] = new Array<Known | undefined>(SLOTS).fill(undefined)
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** The keys in `bytes[start..end]`. */
export function keysOf(bytes: Uint8Array, start: number, end: number): Keys {
  const slot = (end - start) & (SLOTS - 1)
  const last = known[slot]
  if (last !== undefined && isAt(bytes, start, end, last.bytes)) return last.keys
  const reader = new Reader(bytes, start, end)
  const keys: string[] = []
  while (!reader.done) keys.push(decoder.decode(reader.slice()))
  if (end - start <= BYTES_MAX) known[slot] = { bytes: bytes.slice(start, end), keys }
  return keys
}

function isAt(bytes: Uint8Array, start: number, end: number, sought: Uint8Array): boolean {
  const length = sought.length
  if (length !== end - start) return false
  for (let i = 0; i < length; i++) if (bytes[start + i] !== sought[i]) return false
  return true
}
