import assert from 'node:assert/strict'
import test from 'node:test'
import { decodeDocument, decodeValue } from '../../js/codec/decode.js'
import { encodeDocument, encodeValue, putDocument } from '../../js/codec/encode.js'
import { Writer } from '../../js/codec/writer.js'
import { isEntidbError } from '../../js/errors.js'
import { Random } from './support/random.js'

const alphabets = ['abc', 'a\u0000\u007f', '\u00e9\u07ff', '\u20ac\uffff', '\u{1f600}z']
const lengths = [0, 1, 5, 23, 24, 60, 80, 81, 133, 255, 256, 399, 400, 401, 900, 22_000]
const edges = [0, 23, 24, 255, 256, 65_535, 65_536, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 53]
const floats = new DataView(new ArrayBuffer(8))

function text(random: Random): string {
  const alphabet = [...random.pick(alphabets)]
  const length = random.pick(random.below(20) === 0 ? lengths : lengths.slice(0, 6))
  let text = ''
  for (let i = 0; i < length; i++) text += random.below(9) === 0 ? random.pick(alphabet) : 'k'
  return text
}

/** Not -0, which is stored as 0. */
function number(random: Random): number {
  return anyNumber(random) + 0
}

function anyNumber(random: Random): number {
  const near = random.pick(edges) + random.below(5) - 2
  switch (random.below(5)) {
    case 0:
      return near
    case 1:
      return -near
    case 2:
      return random.below(2 ** 16) / 2 ** random.below(40)
    case 3:
      return Math.fround(random.unit() * 2 ** (random.below(250) - 125)) || 0.5
    default: {
      floats.setUint32(0, random.below(2 ** 32))
      floats.setUint32(4, random.below(2 ** 32))
      const any = floats.getFloat64(0)
      return Number.isFinite(any) ? any : 0.25
    }
  }
}

function bigint(random: Random): bigint {
  const near = 2n ** BigInt(random.below(64)) + BigInt(random.below(3)) - 1n
  if (random.below(2) === 0) return near
  return near > 2n ** 63n ? -(2n ** 63n) : -near
}

function value(random: Random, depth: number): unknown {
  switch (random.below(depth > 4 ? 8 : 11)) {
    case 0:
      return null
    case 1:
      return random.below(2) === 0
    case 2:
      return bigint(random)
    case 3:
      return new Date(Math.trunc((random.unit() - 0.5) * 2 * 10 ** random.pick([3, 9, 12, 15.9])))
    case 4:
      return Uint8Array.from({ length: random.below(40) }, () => random.below(256))
    case 5:
    case 6:
      return text(random)
    case 7:
      return number(random)
    case 8:
      return Array.from({ length: random.below(6) }, () => value(random, depth + 1))
    default:
      return object(random, depth + 1)
  }
}

/** Few names, so that shapes are met again; now and then many, so that they are forgotten. */
function object(random: Random, depth: number): Record<string, unknown> {
  const result: Record<string, unknown> = {}
  const count = random.below(200) === 0 ? 90 : random.below(8)
  for (let i = 0; i < count; i++) {
    const name =
      random.below(30) === 0
        ? text(random)
        : `${random.pick(['name', 'a', 'zz', '\u00e9', '7'])}${random.below(3) || ''}`
    const property = { value: value(random, depth), enumerable: true, writable: true }
    Object.defineProperty(result, random.below(100) === 0 ? '__proto__' : name, {
      ...property,
      configurable: true,
    })
  }
  return result
}

test('whatever can be stored comes back equal, from one canonical form', () => {
  const random = new Random(1)
  for (let i = 0; i < 6000; i++) {
    const before = value(random, 0)
    const bytes = encodeValue(before)
    const back = decodeValue(bytes)
    assert.deepStrictEqual(back, before)
    assert.deepStrictEqual(encodeValue(back), bytes)
  }
})

test('the order of properties leaves no trace', () => {
  const random = new Random(2)
  for (let i = 0; i < 2000; i++) {
    const doc = object(random, 0)
    const entries = Object.entries(doc).sort(() => random.unit() - 0.5)
    assert.deepStrictEqual(encodeDocument(Object.fromEntries(entries)), encodeDocument(doc))
  }
})

test('documents written one after the other are those written alone', () => {
  const random = new Random(3)
  const writer = new Writer(16)
  const docs = Array.from({ length: 1500 }, () => object(random, 0))
  const starts = docs.map((doc) => {
    const start = writer.length
    putDocument(writer, doc)
    return start
  })
  const all = writer.take()
  docs.forEach((doc, i) => {
    const end = starts[i + 1] ?? all.length
    const { id: _, ...rest } = doc
    assert.deepStrictEqual(all.slice(starts[i], end), encodeDocument(doc))
    assert.deepEqual(decodeDocument(all, undefined, starts[i], end), rest)
  })
})

test('damaged bytes are refused, or are the canonical form of something else', () => {
  const random = new Random(4)
  let refused = 0
  for (let i = 0; i < 20_000; i++) {
    const bytes = encodeValue(object(random, 2))
    for (let n = random.below(3); n >= 0; n--) {
      const at = random.below(bytes.length)
      bytes[at] =
        random.below(3) === 0 ? random.below(256) : (bytes[at] ?? 0) ^ (1 << random.below(8))
    }
    const damaged = random.below(4) === 0 ? bytes.slice(0, random.below(bytes.length)) : bytes
    try {
      const back = decodeValue(damaged)
      assert.deepStrictEqual(encodeValue(back), damaged)
    } catch (error) {
      if (!isEntidbError(error, 'Corrupt')) throw error
      refused += 1
    }
  }
  assert.ok(refused > 5000, `${refused}`)
})
