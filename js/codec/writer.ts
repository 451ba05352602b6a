import { invalidInput, limitExceeded } from '../errors.js'
import { putUtf8, utf8Length } from './utf8.js'

/** From this many characters on `encodeInto` is quicker than a loop. */
export const LONG_CHARS = 400

const encoder = new TextEncoder()

/**
 * One growing buffer that many documents and messages are written into, one after the other.
 * `bytes` and `view` are replaced when it grows: read them again after every `ensure`.
 *
 * @example
 * const writer = new Writer()
 * writer.u8(1)
 * writer.slice(bytes)
 * post(writer.take())
 */
export class Writer {
  /** The buffer; only the first `length` bytes have been written. */
  bytes: Uint8Array<ArrayBuffer>
  /** The same buffer, for floats. */
  view: DataView<ArrayBuffer>
  /** How much has been written. */
  length = 0
  /** `ensure` fails with `LimitExceeded` rather than grow beyond this length. */
  limit = Number.POSITIVE_INFINITY

  constructor(capacity = 1024) {
    this.bytes = new Uint8Array(capacity)
    this.view = new DataView(this.bytes.buffer)
  }

  /** Makes room for `n` more bytes. */
  ensure(n: number): void {
    if (this.length + n > this.bytes.length) this.#grow(this.length + n)
  }

  #grow(least: number): void {
    if (least > this.limit) {
      throw limitExceeded('a document has at most 16 MiB when encoded; split it into smaller ones')
    }
    const bytes = new Uint8Array(Math.max(least, this.bytes.length * 2))
    bytes.set(this.bytes.subarray(0, this.length))
    this.bytes = bytes
    this.view = new DataView(bytes.buffer)
  }

  /** Appends one byte. */
  u8(n: number): void {
    this.ensure(1)
    this.bytes[this.length++] = n
  }

  /** Appends `n`, a whole number from 0 to 2^53 - 1, as a varint. */
  varint(n: number): void {
    this.ensure(8)
    let rest = n
    while (rest >= 0x80) {
      this.bytes[this.length++] = (rest % 0x80) | 0x80
      rest = Math.floor(rest / 0x80)
    }
    this.bytes[this.length++] = rest
  }

  /** Appends bytes as they are. */
  raw(bytes: Uint8Array): void {
    this.ensure(bytes.length)
    this.bytes.set(bytes, this.length)
    this.length += bytes.length
  }

  /** Appends bytes with their length in front. */
  slice(bytes: Uint8Array): void {
    this.varint(bytes.length)
    this.raw(bytes)
  }

  /** Appends text as UTF-8 with its length in bytes in front. */
  text(text: string): void {
    const n = utf8Length(text)
    if (n < 0) throw invalidInput('text must not have a lone surrogate; pass well-formed text')
    this.varint(n)
    this.utf8(text, n)
  }

  /** Appends well-formed text whose UTF-8 form is known to have `n` bytes. */
  utf8(text: string, n: number): void {
    this.ensure(n)
    const at = this.length
    if (n < LONG_CHARS) putUtf8(this.bytes, at, text)
    else encoder.encodeInto(text, this.bytes.subarray(at, at + n))
    this.length = at + n
  }

  /** A copy of what has been written; the writer is empty afterwards and keeps its buffer. */
  take(): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(this.length)
    bytes.set(this.bytes.subarray(0, this.length))
    this.length = 0
    return bytes
  }
}
