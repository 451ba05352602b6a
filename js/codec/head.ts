import type { Writer } from './writer.js'

/** Room for any head, or for a whole number or float. */
export const HEAD_BYTES_MAX = 9

const TWO_32 = 0x1_0000_0000

/** The bytes of a head with the argument `n`, which is below 2^32. */
export function headBytes(n: number): number {
  return n < 24 ? 1 : n < 0x100 ? 2 : n < 0x1_0000 ? 3 : 5
}

/** Appends a head: the major type in the upper three bits of `major`, and its argument `n`. */
export function putHead(writer: Writer, major: number, n: number): void {
  writer.ensure(HEAD_BYTES_MAX)
  const { bytes, view } = writer
  const at = writer.length
  if (n < 24) {
    bytes[at] = major | n
    writer.length = at + 1
  } else if (n < 0x100) {
    bytes[at] = major | 24
    bytes[at + 1] = n
    writer.length = at + 2
  } else if (n < 0x1_0000) {
    bytes[at] = major | 25
    bytes[at + 1] = n >> 8
    bytes[at + 2] = n
    writer.length = at + 3
  } else if (n < TWO_32) {
    bytes[at] = major | 26
    view.setUint32(at + 1, n)
    writer.length = at + 5
  } else {
    bytes[at] = major | 27
    view.setUint32(at + 1, Math.floor(n / TWO_32))
    view.setUint32(at + 5, n % TWO_32)
    writer.length = at + 9
  }
}
