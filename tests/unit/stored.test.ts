/** What `update` with a function returns is what reading the document back would return. */

import assert from 'node:assert/strict'
import test from 'node:test'
import { runInNewContext } from 'node:vm'
import { encodeDocument } from '../../js/codec/encode.js'
import { storedForm } from '../../js/codec/stored.js'
import { Random } from '../shared/random.js'
import { readBack } from './support/engine.js'
import { assertSame } from './support/same.js'
import { object } from './support/values.js'

function check(doc: object): unknown {
  const stored = storedForm(doc)
  assertSame(stored, readBack(encodeDocument(doc)))
  return stored
}

/** Some values of `doc`, at any depth, made into what is stored as something else. */
function disturb(random: Random, value: unknown): void {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return
  for (const name of Object.keys(value)) {
    const inner: unknown = (value as never)[name]
    const chance = random.below(8)
    const change = (to: unknown) => Object.defineProperty(value, name, { value: to })
    if (chance === 0) change(-0)
    else if (chance === 1 && !Array.isArray(value)) change(undefined)
    else if (chance === 2) Object.defineProperty(value, name, { get: () => inner })
    else if (inner instanceof Uint8Array) change(Buffer.from(inner))
    else if (inner instanceof Date) change(runInNewContext('new Date(ms)', { ms: Number(inner) }))
    else disturb(random, inner)
  }
}

test('the stored form of any document is what comes back of it', () => {
  const random = new Random(6)
  for (let i = 0; i < 2000; i++) {
    const doc = object(random, 0)
    check(doc)
    disturb(random, doc)
    const stored = check(doc)
    assertSame(storedForm(stored), stored)
  }
})

test('the stored form has its properties in the order of what is stored', () => {
  const stored = check({ bb: 1, z: 2, 7: 3, 10: { y: 1, x: 2 }, '\u00e9': 4, a: 5, '': 6 })
  assert.deepEqual(Object.keys(stored as object), ['7', '10', '', 'a', 'z', 'bb', '\u00e9'])
})

test('the stored form has no -0 and nothing undefined, but all that is empty', () => {
  const doc = { a: -0, b: [-0, [], {}, ''], c: undefined, d: { e: undefined }, f: new Date(-0) }
  assertSame(check(doc), { a: 0, b: [0, [], {}, ''], d: {}, f: new Date(0) })
})

test('the stored form keeps numbers, bigints and text as they are', () => {
  const doc = { a: 0.1, b: 2n ** 64n - 1n, c: -1n, d: 2 ** 53, e: 'a\0\u{1f600}', f: [true, null] }
  assertSame(check(doc), doc)
})

test('the stored form has __proto__ as a property like any other', () => {
  const doc = JSON.parse('{"__proto__":{"admin":true},"a":{"__proto__":1}}') as object
  const stored = check(doc) as object
  assert.equal(Object.getPrototypeOf(stored), Object.prototype)
  assert.equal(JSON.stringify(stored), '{"a":{"__proto__":1},"__proto__":{"admin":true}}')
})

test('the stored form of objects of another realm is of this one', () => {
  const foreign = runInNewContext(
    `({ a: [{ b: new Date(5) }], c: new Uint8Array([7]), d: Object.create(null), e: [-0, 'x'] })`,
  ) as object
  const expected = { a: [{ b: new Date(5) }], c: new Uint8Array([7]), d: {}, e: [0, 'x'] }
  assertSame(check(foreign), expected)
})

test('the stored form of bytes and dates of any class is plain', () => {
  class Bytes extends Uint8Array {}
  class Moment extends Date {}
  class List extends Array<number> {}
  const shared = new Uint8Array(new SharedArrayBuffer(8), 2, 3)
  const given = {
    a: Buffer.from('hello'),
    b: new Bytes([1]),
    c: new Moment(7),
    d: List.of(-0),
    shared,
  }
  const expected = {
    a: new Uint8Array([104, 101, 108, 108, 111]),
    b: new Uint8Array([1]),
    c: new Date(7),
    d: [0],
    shared: new Uint8Array(3),
  }
  assertSame(check(given), expected)
})

test('the stored form calls each getter once', () => {
  let runs = 0
  const doc = {
    get a() {
      runs += 1
      return { b: [runs] }
    },
  }
  assertSame(storedForm(doc), { a: { b: [1] } })
  assert.equal(runs, 1)
})

test('the stored form shares nothing with what it was made of', () => {
  const doc = { a: [1, { b: 2 }], c: new Uint8Array([3]), d: new Date(4), e: { f: 5 } }
  const stored = storedForm(doc)
  doc.a.push(0)
  Object.assign(doc.a[1] as object, { b: 0 })
  doc.c[0] = 0
  doc.d.setTime(0)
  doc.e.f = 0
  const expected = { a: [1, { b: 2 }], c: new Uint8Array([3]), d: new Date(4), e: { f: 5 } }
  assertSame(stored, expected)
})

test('the stored form of a document of 128 levels is had', () => {
  let value: unknown = 1
  for (let i = 1; i < 128; i++) value = i % 2 === 0 ? { a: value } : [value]
  check({ a: value })
})

test('the stored form of a document that was read keeps its text, whatever is read later', () => {
  const texts = ['short', 'long '.repeat(2000), '\u00e9\u{1f600}'.repeat(90), '']
  const doc = { texts, 'a key of its own': 1 }
  const read = readBack(encodeDocument(doc))
  const stored = storedForm({ ...read, more: 'text' })
  for (let i = 0; i < 50; i++) readBack(encodeDocument({ texts: texts.map(() => 'x'.repeat(i)) }))
  assertSame(stored, { more: 'text', texts, 'a key of its own': 1 })
})
