import assert from 'node:assert/strict'
import test from 'node:test'
import { encodeDocument, encodeValue, putDocument } from '../../js/codec/encode.js'
import { Writer } from '../../js/codec/writer.js'
import { isEntidbError } from '../../js/errors.js'
import { Random } from '../shared/random.js'
import { readValue, Store } from './support/engine.js'
import { object, value } from './support/values.js'

test('whatever can be stored comes back equal, from one canonical form', () => {
  const random = new Random(1)
  for (let i = 0; i < 6000; i++) {
    const before = value(random, 0)
    const bytes = encodeValue(before)
    const back = readValue(bytes)
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
    assert.deepStrictEqual(all.slice(starts[i], end), encodeDocument(doc))
  })
  const store = new Store()
  store.put(docs.map((_, i) => [i, all.subarray(starts[i], starts[i + 1])]))
  assert.deepStrictEqual(
    store.documents(),
    docs.map((doc, id) => ({ ...doc, id })),
  )
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
      assert.deepStrictEqual(encodeValue(readValue(damaged)), damaged)
    } catch (error) {
      if (!isEntidbError(error, 'InvalidInput')) throw error
      refused += 1
    }
  }
  assert.ok(refused > 5000, `${refused}`)
})
