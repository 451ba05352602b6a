/** Documents and ids on their way out of the engine, however many and whatever is in them. */

import assert from 'node:assert/strict'
import test from 'node:test'
import { encodeDocument } from '../../js/codec/encode.js'
import { documentOf, RowReader } from '../../js/codec/rows.js'
import { compareBytes } from '../../js/codec/shape.js'
import { storedForm } from '../../js/codec/stored.js'
import { encodeId } from '../../js/ids.js'
import { Page } from '../../js/page.js'
import { EVERYTHING, scan } from '../../js/plan.js'
import type { Id } from '../../js/types.js'
import { Random } from '../shared/random.js'
import { type Document, documentsOf, readBack, Store } from './support/engine.js'
import { assertSame } from './support/same.js'
import { id, object, text } from './support/values.js'

/** Stores documents without ids under those given; what is to come back, in the order of ids. */
function fill(store: Store, docs: Iterable<readonly [id: Id, doc: object]>): Document[] {
  const byId = new Map(docs)
  store.put([...byId].map(([id, doc]) => [id, encodeDocument(doc)]))
  const key = new Map([...byId.keys()].map((id) => [id, encodeId(id)]))
  const order = (a: Id, b: Id) => compareBytes(key.get(a) as Uint8Array, key.get(b) as Uint8Array)
  return [...byId.keys()].sort(order).map((id) => expected(id, byId.get(id) as object))
}

function expected(id: Id, doc: object): Document {
  return { id, ...(storedForm(doc) as Document) }
}

function numbered(docs: readonly object[]): [id: Id, doc: object][] {
  return docs.map((doc, i) => [i, doc])
}

/** Holds all ways to read many documents to what is to come back. */
function checkAll(store: Store, docs: readonly Document[]): void {
  const ids = docs.map((doc) => doc.id as Id)
  assertSame(store.documents(), docs)
  assertSame(store.ids(), ids)
  assertSame(store.getMany(ids), docs)
  const backwards = { ...EVERYTHING, reverse: true }
  assertSame(store.documents(undefined, scan({}), backwards), docs.toReversed())
}

/** These documents, with others between them. */
function crowd(random: Random, docs: readonly object[]): object[] {
  return docs.flatMap((doc) => [
    doc,
    ...Array.from({ length: random.below(3) }, () => object(random, 2)),
  ])
}

test('documents under ids of all kinds come back by pages of any size', () => {
  for (let seed = 0; seed < 12; seed++) {
    const random = new Random(seed)
    const store = new Store()
    const rows = Array.from({ length: 400 }, () => [id(random), object(random, 0)] as const)
    const docs = fill(store, rows)
    checkAll(store, docs)
    for (let i = 0; i < 4; i++) {
      const maxRows = random.pick([1, 2, 7, 64, 1000])
      const limits = { maxRows, maxBytes: random.pick([1, 300, 5000, 100_000]) }
      assertSame(store.documents(limits), docs)
      assertSame(
        store.ids(limits),
        docs.map((doc) => doc.id),
      )
    }
  }
})

test('getMany answers in the order asked, with nothing for what is missing', () => {
  const random = new Random(20)
  const store = new Store()
  const rows = Array.from({ length: 300 }, () => [id(random), object(random, 0)] as const)
  const docs = new Map(fill(store, rows).map((doc) => [doc.id as Id, doc]))
  const known = [...docs.keys()]
  for (let i = 0; i < 60; i++) {
    const some = () => (random.below(3) === 0 ? id(random) : random.pick(known))
    const asked = Array.from({ length: 1 + random.below(200) }, some)
    assertSame(
      store.getMany(asked),
      asked.map((id) => docs.get(id)),
    )
  }
  assert.deepEqual(store.getMany(['x', 'y', 'x']), [undefined, undefined, undefined])
  assert.equal(new RowReader(store.answerMany([])).done, true)
  assert.equal(store.get('x'), undefined)
  assert.equal(store.getRaw('x'), undefined)
})

test('getMany of more than one answer can hold goes on where the one before ended', () => {
  const store = new Store()
  const doc = (i: number) => ({ a: String(i), b: 'x'.repeat(300_000), c: i })
  const docs = fill(store, numbered(Array.from({ length: 60 }, (_, i) => doc(i))))
  const ids = docs.map((doc) => doc.id as Id)
  let first = 0
  const rows = new RowReader(store.answerMany(ids))
  for (; !rows.done; first++) assertSame(rows.document(first), docs[first])
  assert.ok(first > 1 && first < 60, `${first}`)
  assertSame(store.getMany(ids), docs)
})

test('getMany counts keys among what one answer can hold', () => {
  const store = new Store()
  const doc = (i: number) => ({ [`${'k'.repeat(1_000_000)}${i}`]: i })
  const docs = fill(store, numbered(Array.from({ length: 40 }, (_, i) => doc(i))))
  const ids = docs.map((doc) => doc.id as Id)
  assert.ok(store.answerMany(ids).length < 16 * 1024 * 1024)
  assertSame(store.getMany(ids), docs)
})

test('answers are read side by side, row by row', () => {
  const random = new Random(21)
  const store = new Store()
  const docs = fill(store, numbered(Array.from({ length: 500 }, () => object(random, 0))))
  const [page] = store.answers('documents')
  const [ids] = store.answers('ids')
  const one = new Page(page as Uint8Array)
  const two = new Page(page as Uint8Array)
  const keys = new Page(ids as Uint8Array)
  const many = new RowReader(store.answerMany(docs.map((doc) => doc.id as Id)))
  for (const doc of docs.slice(0, 200)) assertSame(one.document(), doc)
  docs.forEach((doc, i) => {
    if (i < 300) assertSame(one.document(), docs[i + 200])
    assertSame(keys.id(), doc.id)
    assertSame(two.document(), doc)
    assertSame(many.document(i), doc)
    assertSame(store.get(i), doc)
  })
  assert.deepEqual([one.more, two.more, keys.more, many.done], [false, false, false, true])
})

test('text of any alphabet and length comes back, alone and among others', () => {
  const random = new Random(22)
  const alphabets = [
    'k',
    'a\0\u007f',
    '\u00e9',
    '\u20ac',
    '\u{1f600}',
    'ab\u00e9',
    '\ufeff',
    '\u2028z',
  ]
  const lengths = [
    0, 1, 12, 13, 62, 63, 64, 65, 127, 128, 399, 400, 401, 4095, 4096, 4097, 16_384, 102_400,
  ]
  const docs = lengths.flatMap((length) =>
    alphabets.map((alphabet) => {
      const long = [...alphabet.repeat(length)].slice(0, length).join('')
      return { a: long, b: 'between', c: [long, '', long], [`\ufeff${alphabet}`]: '\u00e9' }
    }),
  )
  for (const doc of docs) assertSame(readBack(encodeDocument(doc)), storedForm(doc))
  const store = new Store()
  checkAll(store, fill(store, numbered(crowd(random, docs))))
})

test('text of the greatest length comes back', () => {
  for (const letter of ['x', '\u20ac']) {
    const bytes = letter === 'x' ? 1 : 3
    const doc = { a: letter.repeat((16 * 1024 * 1024 - 20) / bytes), b: 'end' }
    assert.deepEqual(readBack(encodeDocument(doc)), doc)
  }
})

test('what is empty comes back empty', () => {
  const docs = [{}, { a: '' }, { a: [] }, { a: {} }, { '': '' }, { a: new Uint8Array(0) }]
  const nested = { a: [[], [[]], {}, [{}], '', new Uint8Array(0)], b: { c: {}, d: [] }, e: 0 }
  for (const doc of [...docs, nested]) assertSame(readBack(encodeDocument(doc)), doc)
  const store = new Store()
  checkAll(store, fill(store, numbered([{}, {}, ...docs, nested, {}, nested, ...docs])))
})

test('dictionaries, whose keys are ever new, come back', () => {
  const random = new Random(23)
  const store = new Store()
  const dictionary = (i: number) => {
    const count = random.pick([1, 31, 32, 33, 63, 64, 65, 130, 700])
    const long = random.below(4) === 0 ? 'key '.repeat(40) : ''
    const entry = (j: number) => [`${long}${text(random)}${i}-${j}`, j % 3 === 0 ? { x: j } : j]
    return Object.fromEntries(Array.from({ length: count }, (_, j) => entry(j)))
  }
  const docs = Array.from({ length: 150 }, (_, i) => ({ name: 'd', words: dictionary(i) }))
  checkAll(store, fill(store, numbered(crowd(random, [...docs, ...docs.map((doc) => doc.words)]))))
})

test('objects whose shapes change from one to the next come back', () => {
  const random = new Random(24)
  const store = new Store()
  const names = Array.from({ length: 70 }, (_, i) => `p${i}`)
  const some = (depth: number): object => {
    const chosen = names.filter(() => random.below(6) === 0)
    const inner = () =>
      depth < 2 && random.below(5) === 0 ? [some(depth + 1), some(depth + 1)] : 1
    return Object.fromEntries(chosen.map((name) => [name, inner()]))
  }
  checkAll(store, fill(store, numbered(Array.from({ length: 300 }, () => some(0)))))
})

test('sets of keys are told apart that have one length, or share a place among those known', () => {
  const sets = ['ab', 'ac', 'ba'].flatMap((two) =>
    // Each key takes a byte more than its text, so these differ by multiples of 32 or not at all.
    ['', '!'.repeat(32), '!'.repeat(64), '!'.repeat(4064), '!'.repeat(4096)].map(
      (long) => two + long,
    ),
  )
  const stores = sets.map((key, i) => {
    const store = new Store()
    return { store, docs: fill(store, numbered([{ [key]: i }, { [key]: -i }])) }
  })
  for (let round = 0; round < 3; round++) {
    for (const { store, docs } of stores) checkAll(store, docs)
    for (const { store, docs } of stores) assertSame(store.get(0), docs[0])
    for (const { store, docs } of stores.toReversed()) assertSame(store.getRaw(1), docs[1])
  }
})

test('keys are told apart by where one ends and the next begins', () => {
  // The bytes of one set are those of the other but for a length.
  const sets = [
    ['a', '\u0001b'],
    ['a\u0001b'],
    ['ab', 'c\u0001'],
    ['\u0003', 'a\u0001b'],
    ['c', 'b\u0001'],
  ]
  for (let round = 0; round < 2; round++) {
    for (const keys of sets) {
      const doc = Object.fromEntries(keys.map((key, i) => [key, i]))
      assertSame(readBack(encodeDocument(doc)), storedForm(doc))
    }
  }
})

test('keys that were read are told from others that come to lie in the same place', () => {
  const store = new Store()
  const docs = fill(store, numbered([{ ab: 1 }, { ac: 1 }, { ab: 2 }, { ba: 1 }]))
  const place = new Uint8Array(100)
  for (const doc of [...docs, ...docs]) {
    const answer = store.answer(doc.id as Id) as Uint8Array
    place.set(answer)
    assertSame(documentOf(place, doc.id as Id, 0, answer.length), doc)
  }
})

test('__proto__ is a property like any other, in every place and row', () => {
  const store = new Store()
  const docs = [
    '{"__proto__":{"admin":true}}',
    '{"a":{"__proto__":1},"b":[{"__proto__":null},{"__proto__":[]}]}',
    '{"__proto__":{"__proto__":{"__proto__":"x"}},"z":1}',
  ].map((json) => JSON.parse(json) as object)
  checkAll(store, fill(store, numbered([...docs, ...docs])))
  for (const doc of store.documents()) {
    assert.equal(Object.getPrototypeOf(doc), Object.prototype)
    assert.equal('admin' in doc, false)
  }
})

test('what was read does not depend on the bytes that it was read from', () => {
  const random = new Random(25)
  const store = new Store()
  const keys = Array.from({ length: 40 }, (_, i) => `key ${i} of this test`)
  const doc = (i: number) => {
    const named = Object.fromEntries(keys.map((key) => [key, `${i} ${key} `.repeat(1 + (i % 9))]))
    return { ...named, bytes: Uint8Array.of(i, i + 1), dates: [new Date(i)], other: `\u00e9${i}` }
  }
  const docs = fill(
    store,
    numbered(
      crowd(
        random,
        Array.from({ length: 200 }, (_, i) => doc(i)),
      ),
    ),
  )
  for (let round = 0; round < 2; round++) {
    for (const answer of store.answers('documents')) {
      const read = documentsOf(answer)
      answer.fill(0x61)
      assertSame(read, docs)
    }
    const kept = docs.map(({ id }) => {
      const answer = store.answer(id as Id) as Uint8Array
      const doc = documentOf(answer, id as Id)
      answer.fill(0x61)
      return doc
    })
    assertSame(kept, docs)
  }
})

test('what was read in the memory of the engine stays when that is written over', () => {
  const store = new Store()
  const doc = (i: number) => {
    const piece = `a short piece ${i}`
    return {
      piece,
      bytes: new Uint8Array(600).fill(i),
      long: `${piece} `.repeat(300),
      [piece]: piece,
    }
  }
  const docs = fill(store, numbered(Array.from({ length: 200 }, (_, i) => doc(i))))
  const kept = docs.map(({ id }) => store.getRaw(id as Id))
  assertSame(store.documents(), docs)
  assertSame(kept, docs)
})

test('rows of long and of short text come back, wherever blocks end', () => {
  const store = new Store()
  const texts = [
    'x'.repeat(5000),
    'short',
    'y'.repeat(5000),
    '\u00e9'.repeat(3000),
    '',
    'z'.repeat(100),
  ]
  const docs = Array.from({ length: 60 }, (_, i) => ({ a: texts[i % texts.length], b: i }))
  checkAll(store, fill(store, numbered(docs)))
})
