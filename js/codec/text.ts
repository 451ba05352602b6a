import { HEAD_BYTES_MAX, headBytes, putHead } from './head.js'
import { putUtf8, utf8Length } from './utf8.js'
import { LONG_CHARS, type Writer } from './writer.js'

const TEXT = 0x60

const encoder = new TextEncoder()

/** Appends `text` as a text string; says no, having appended nothing, at a lone surrogate. */
export function putText(writer: Writer, text: string): boolean {
  return text.length < LONG_CHARS ? putShort(writer, text) : putLong(writer, text)
}

function putShort(writer: Writer, text: string): boolean {
  const n = text.length
  writer.ensure(3 * n + HEAD_BYTES_MAX)
  const at = writer.length
  // The length in bytes is known afterwards; it mostly takes the head that ASCII would have.
  const start = at + headBytes(n)
  const end = putUtf8(writer.bytes, start, text)
  if (end < 0) return false
  finish(writer, start, end)
  return true
}

function putLong(writer: Writer, text: string): boolean {
  const n = text.length
  writer.ensure(n + HEAD_BYTES_MAX)
  const start = writer.length + headBytes(n)
  // Room for a byte per character: all are read only where each of them takes one.
  const { read } = encoder.encodeInto(text, writer.bytes.subarray(start, start + n))
  if (read === n) {
    finish(writer, start, start + n)
    return true
  }
  const length = utf8Length(text)
  if (length < 0) return false
  putHead(writer, TEXT, length)
  writer.utf8(text, length)
  return true
}

/** Puts the head in front of the text that stands at `start..end`, which may move for it. */
function finish(writer: Writer, start: number, end: number): void {
  const at = writer.length
  const length = end - start
  const right = at + headBytes(length)
  if (right !== start) writer.bytes.copyWithin(right, start, end)
  putHead(writer, TEXT, length)
  writer.length = right + length
}
