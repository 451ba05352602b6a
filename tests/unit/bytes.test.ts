import assert from 'node:assert/strict'
import test from 'node:test'
import { Reader } from '../../js/codec/reader.js'
import { Writer } from '../../js/codec/writer.js'
import { isEntidbError } from '../../js/errors.js'
import { unhex } from './support/hex.js'

test('what is written is read back, across any growth of the buffer', () => {
  const writer = new Writer(1)
  const numbers = Array.from({ length: 53 }, (_, i) => [2 ** i, 2 ** i - 1, 2 ** i + 1]).flat()
  for (const n of numbers) writer.varint(n)
  writer.varint(Number.MAX_SAFE_INTEGER)
  writer.u8(255)
  writer.text('a\u00e9\u{1f600}'.repeat(300))
  writer.slice(new Uint8Array(5000).fill(7))
  const reader = new Reader(writer.take())
  for (const n of numbers) assert.equal(reader.varint(), n)
  assert.equal(reader.varint(), Number.MAX_SAFE_INTEGER)
  assert.equal(reader.u8(), 255)
  assert.equal(new TextDecoder().decode(reader.slice()), 'a\u00e9\u{1f600}'.repeat(300))
  assert.deepEqual(reader.slice(), new Uint8Array(5000).fill(7))
  assert.ok(reader.done)
  assert.equal(writer.length, 0)
})

test('a varint that is cut, padded or too large is Corrupt, as is a slice beyond the end', () => {
  const corrupt = (error: unknown) => isEntidbError(error, 'Corrupt')
  for (const bytes of ['', '80', '8000', '818000', 'ffffffffffffff10', 'ffffffffffffffffff01']) {
    assert.throws(() => new Reader(unhex(bytes)).varint(), corrupt, bytes)
  }
  assert.throws(() => new Reader(unhex('0201')).slice(), corrupt)
  assert.throws(() => new Reader(unhex('ffffffffffffff0f01')).slice(), corrupt)
})

test('text with a lone surrogate is InvalidInput', () => {
  assert.throws(
    () => new Writer().text('\ud800'),
    (error) => isEntidbError(error, 'InvalidInput'),
  )
})
