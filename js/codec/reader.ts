import { corrupt } from '../errors.js'

/**
 * Reads what a {@link Writer} wrote. Every read is checked and fails with `Corrupt`.
 *
 * @example
 * const reader = new Reader(message)
 * const kind = reader.u8()
 * const bytes = reader.slice()
 */
export class Reader {
  /** What is read. */
  readonly bytes: Uint8Array
  /** Where the next read starts. */
  at: number
  /** Where reading ends. */
  readonly end: number

  constructor(bytes: Uint8Array, start = 0, end = bytes.length) {
    this.bytes = bytes
    this.at = start
    this.end = end
  }

  /** Whether all has been read. */
  get done(): boolean {
    return this.at >= this.end
  }

  /** Moves over `n` bytes and returns where they start. */
  skip(n: number): number {
    const start = this.at
    if (n > this.end - start) throw corrupt(start)
    this.at = start + n
    return start
  }

  /** The next byte. */
  u8(): number {
    return this.bytes[this.skip(1)] as number
  }

  /** A varint in its shortest form, at most 2^53 - 1. */
  varint(): number {
    let n = 0
    let unit = 1
    for (;;) {
      const byte = this.u8()
      n += (byte & 0x7f) * unit
      if (byte < 0x80) {
        if (byte === 0 && unit > 1) throw corrupt(this.at)
        if (n > Number.MAX_SAFE_INTEGER) throw corrupt(this.at)
        return n
      }
      unit *= 0x80
      if (unit > 2 ** 49) throw corrupt(this.at)
    }
  }

  /** Bytes with their length in front, as a view and not a copy. */
  slice(): Uint8Array {
    const n = this.varint()
    const start = this.skip(n)
    return this.bytes.subarray(start, start + n)
  }
}
