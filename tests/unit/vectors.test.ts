/** The package is held to the vectors that every implementation of the format is held to. */

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import test from 'node:test'
import { encodeDocument, encodeValue } from '../../js/codec/encode.js'
import { type ErrorKind, isEntidbError } from '../../js/errors.js'
import { decodeId, encodeId } from '../../js/ids.js'
import type { Id } from '../../js/types.js'
import { readBack, Store } from './support/engine.js'
import { hex, unhex } from './support/hex.js'

type Typed =
  | { t: 'null' }
  | { t: 'bool'; v: boolean }
  | { t: 'number' | 'bigint' | 'text' | 'bytes' | 'date' | 'nested'; v: string }
  | { t: 'repeat'; v: [text: string, times: number] }
  | { t: 'array'; v: Typed[] }
  | { t: 'object'; v: [name: string, value: Typed][] }

function read<T>(file: string): T[] {
  return JSON.parse(readFileSync(`engine/fixtures/vectors/${file}`, 'utf8')) as T[]
}

function untyped(typed: Typed): unknown {
  switch (typed.t) {
    case 'null':
      return null
    case 'bool':
    case 'text':
      return typed.v
    case 'number':
      return Number(typed.v)
    case 'bigint':
      return BigInt(typed.v)
    case 'bytes':
      return unhex(typed.v)
    case 'date':
      return new Date(Number(typed.v))
    case 'repeat':
      return typed.v[0].repeat(typed.v[1])
    case 'array':
      return typed.v.map(untyped)
    case 'nested':
      return nested(Number(typed.v))
    case 'object':
      // Unlike an assignment, this takes `__proto__` for a name like any other.
      return Object.fromEntries(typed.v.map(([name, value]) => [name, untyped(value)]))
  }
}

function nested(levels: number): unknown[] {
  let value: unknown[] = []
  for (let i = 1; i < levels; i++) value = [value]
  return value
}

/** `value` with 0 for -0, which is stored as 0. */
function stored<T>(given: T): T
function stored(value: unknown): unknown {
  if (Object.is(value, -0)) return 0
  if (Array.isArray(value)) return value.map(stored)
  if (typeof value !== 'object' || value === null) return value
  if (Object.getPrototypeOf(value) !== Object.prototype) return value
  return Object.fromEntries(Object.entries(value).map(([name, of]) => [name, stored(of)]))
}

interface DocumentVector {
  name: string
  id: Typed
  value: Typed
  bytes?: string
  hash: string
}

for (const { name, id, value, bytes, hash } of read<DocumentVector>('documents.json')) {
  test(`R-031 the document of the vector '${name}'`, () => {
    const doc = untyped(value) as Record<string, unknown>
    const encoded = encodeDocument(doc)
    if (bytes !== undefined) assert.equal(hex(encoded), bytes)
    assert.deepStrictEqual(readBack(encoded), stored(doc))
    const key = untyped(id) as Id
    assert.deepStrictEqual(readBack(encoded, key), { ...stored(doc), id: stored(key) })
    const entries = [...Object.entries(doc), ['id', untyped(id)]] as [string, unknown][]
    const whole = encodeValue(Object.fromEntries(entries))
    assert.equal(createHash('sha256').update(whole).digest('hex'), hash)
  })
}

test('R-031 the ids of the vectors', () => {
  const vectors = read<{ id: Typed; key: string }>('ids.json')
  const ids = vectors.map(({ id }) => untyped(id) as Id)
  vectors.forEach(({ key }, i) => {
    assert.equal(hex(encodeId(ids[i] as Id)), key)
    assert.equal(decodeId(unhex(key)), stored(ids[i]))
  })
  const store = new Store()
  store.put(ids.map((id) => [id, encodeDocument({})]))
  const inOrder = vectors.toSorted((a, b) => (a.key < b.key ? -1 : 1)).map(({ id }) => untyped(id))
  assert.deepStrictEqual(store.ids(), inOrder.map(stored))
  assert.deepStrictEqual(
    store.documents(),
    inOrder.map((id) => ({ id: stored(id) })),
  )
})

interface InvalidVector {
  name: string
  what: 'document' | 'value' | 'id'
  bytes: string
  kind: ErrorKind
}

/** The ways on which bytes of callers come into the engine. */
const ways: Record<InvalidVector['what'], (store: Store, bytes: Uint8Array) => unknown> = {
  document: (store, bytes) => store.put([['a', bytes]]),
  value: (store, bytes) =>
    store.documents(undefined, {
      index: { fields: ['v'], equal: [bytes as Uint8Array<ArrayBuffer>] },
    }),
  id: (store, bytes) => store.answerTo(bytes),
}

for (const { name, what, bytes, kind } of read<InvalidVector>('invalid.json')) {
  test(`R-014 the ${what} of the vector '${name}' is refused with ${kind}`, () => {
    const store = new Store('v')
    assert.throws(
      () => ways[what](store, unhex(bytes)),
      (error) => isEntidbError(error, kind),
    )
    assert.deepStrictEqual(store.ids(), [])
  })
  if (what !== 'id') continue
  test(`R-014 the id of the vector '${name}' is Corrupt where it comes from the engine`, () => {
    assert.throws(
      () => decodeId(unhex(bytes)),
      (error) => isEntidbError(error, 'Corrupt'),
    )
  })
}
