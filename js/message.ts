/** Answers of the engine that are CBOR but no documents: their keys come in any order. */

import { Reader } from './codec/reader.js'
import { getUtf8 } from './codec/utf8.js'
import { corrupt } from './errors.js'

/** The value that a message of the engine holds. */
export function decodeMessage(bytes: Uint8Array): unknown {
  return readItem(new Reader(bytes))
}

function readItem(reader: Reader): unknown {
  const start = reader.at
  const head = reader.u8()
  const n = readArgument(reader, head & 31)
  switch (head >> 5) {
    case 0:
      return n
    case 3: {
      const at = reader.skip(n)
      return getUtf8(reader.bytes, at, at + n)
    }
    case 4:
      return Array.from({ length: n }, () => readItem(reader))
    case 5:
      return Object.fromEntries(
        Array.from({ length: n }, () => [readItem(reader), readItem(reader)]),
      )
    case 7:
      if (n === 20 || n === 21) return n === 21
  }
  throw corrupt(start)
}

function readArgument(reader: Reader, info: number): number {
  if (info < 24) return info
  let n = 0
  for (let i = 1 << (info & 3); i > 0; i--) n = n * 0x100 + reader.u8()
  return n
}
