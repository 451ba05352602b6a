/**
 * Documents as the engine hands them out; hot/src/rows.rs says in which form, and why. It
 * is read with care for speed alone: its only writer is the engine, which has checked it all.
 */

import { corrupt } from '../errors.js'
import type { Id } from '../types/values.js'
import { define } from './define.js'
import { Reader } from './reader.js'
import { type Keys, keysOf } from './row-keys.js'

type Document = Record<string, unknown>

const TWO_32 = 0x1_0000_0000

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const scratch = new DataView(new ArrayBuffer(8))

// Where the row that is being read lies. No code of the caller runs meanwhile, so this is never
// entered twice.
let bytes = new Uint8Array(0)
let at = 0
let keys: Keys = []
let ascii = ''
let asciiAt = 0
let other = ''
let otherAt = 0

/** Reads rows one by one, of the kind that was asked for. */
export class RowReader {
  readonly #bytes: Uint8Array<ArrayBuffer>
  readonly #end: number
  /** Where the next block begins. */
  #next: number
  // The block that rows are read from: where its tokens go on and end, and its text.
  #at = 0
  #tokensEnd = 0
  #keys: Keys = []
  #ascii = ''
  #asciiAt = 0
  #other = ''
  #otherAt = 0

  constructor(source: Uint8Array, start = 0, end = source.length) {
    this.#bytes = source as Uint8Array<ArrayBuffer>
    this.#next = start
    this.#end = end
  }

  /** Whether all rows have been read. */
  get done(): boolean {
    return this.#at >= this.#tokensEnd && this.#next >= this.#end
  }

  /** The next row, an id. */
  id(): Id {
    this.#enter()
    const id = value()
    this.#leave()
    return id as Id
  }

  /** The next row, a document with its id. */
  row(): Document {
    this.#enter()
    const doc = entries({ id: value() }, varint() - 1)
    this.#leave()
    return doc
  }

  /** The next row, the document of `id`, if there is one. */
  document(id: Id): Document | undefined {
    this.#enter()
    const count = varint()
    const doc = count === 0 ? undefined : entries({ id }, count - 1)
    this.#leave()
    return doc
  }

  #enter(): void {
    if (this.#at >= this.#tokensEnd) this.#enterBlock()
    bytes = this.#bytes
    at = this.#at
    keys = this.#keys
    ascii = this.#ascii
    asciiAt = this.#asciiAt
    other = this.#other
    otherAt = this.#otherAt
  }

  #leave(): void {
    if (at > this.#tokensEnd) throw corrupt(at)
    this.#at = at
    this.#asciiAt = asciiAt
    this.#otherAt = otherAt
  }

  #enterBlock(): void {
    const reader = new Reader(this.#bytes, this.#next, this.#end)
    const lengths = [reader.varint(), reader.varint(), reader.varint(), reader.varint()]
    const [keyBytes, tokens, text, otherText] = lengths as [number, number, number, number]
    const start = reader.skip(keyBytes)
    this.#keys = keysOf(this.#bytes, start, start + keyBytes)
    this.#at = reader.skip(tokens)
    this.#tokensEnd = reader.at
    this.#ascii = this.#text(reader.skip(text), text)
    this.#other = this.#text(reader.skip(otherText), otherText)
    this.#asciiAt = 0
    this.#otherAt = 0
    this.#next = reader.at
  }

  #text(start: number, length: number): string {
    return length === 0 ? '' : decoder.decode(this.#bytes.subarray(start, start + length))
  }
}

/** The document that an answer holds besides nothing else. */
export function documentOf(answer: Uint8Array, id: Id, start?: number, end?: number): Document {
  return new RowReader(answer, start, end).document(id) as Document
}

function varint(): number {
  let byte = bytes[at++] as number
  let n = byte & 0x7f
  for (let unit = 0x80; byte >= 0x80; unit *= 0x80) {
    byte = bytes[at++] as number
    n += (byte & 0x7f) * unit
  }
  return n
}

function value(): unknown {
  const token = bytes[at++] as number
  if (token < 0x40) return asciiText(token)
  if (token >= 0x80) return token & 0x7f
  switch (token) {
    case 0x40:
      return asciiText(varint())
    case 0x41:
      return otherText(varint())
    case 0x42:
      return null
    case 0x43:
      return false
    case 0x44:
      return true
    case 0x45:
      return word()
    case 0x46:
      return float()
    case 0x47:
      return new Date(float())
    case 0x48:
      return big()
    case 0x49:
      return -1n - big()
    case 0x4a: {
      const length = varint()
      at += length
      // A copy: the answer may be all of the engine's memory.
      return bytes.slice(at - length, at)
    }
    case 0x4b:
      return array(varint())
    case 0x4c:
      return entries({}, varint())
    default:
      throw corrupt(at - 1)
  }
}

function asciiText(length: number): string {
  const start = asciiAt
  asciiAt += length
  return ascii.slice(start, asciiAt)
}

function otherText(length: number): string {
  const start = otherAt
  otherAt += length
  return other.slice(start, otherAt)
}

function word(): number {
  const p = at
  at += 4
  const high = (bytes[p + 3] as number) * 0x100_0000
  return (
    high +
    (((bytes[p + 2] as number) << 16) | ((bytes[p + 1] as number) << 8) | (bytes[p] as number))
  )
}

function float(): number {
  for (let i = 0; i < 8; i++) scratch.setUint8(i, bytes[at + i] as number)
  at += 8
  return scratch.getFloat64(0, true)
}

function big(): bigint {
  const low = word()
  return BigInt(word()) * BigInt(TWO_32) + BigInt(low)
}

function array(count: number): unknown[] {
  const values: unknown[] = []
  for (let i = 0; i < count; i++) values.push(value())
  return values
}

function entries(object: Document, count: number): Document {
  for (let i = 0; i < count; i++) {
    const key = keys[varint()] as string
    if (key === '__proto__') define(object, key, value())
    else object[key] = value()
  }
  return object
}
