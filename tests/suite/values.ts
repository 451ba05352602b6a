import type { Value } from 'entidb'
import { equal } from './support/assert.js'
import type { Suite } from './support/bench.js'

/** Every type at its edges. */
const samples: Record<string, Value> = {
  null: null,
  booleans: [true, false],
  integers: [0, 1, -1, 23, 24, 255, 256, 65_535, 65_536, 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1],
  negative: [-24, -25, -256, -257, -65_536, -65_537, -(2 ** 32), -(2 ** 53 - 1)],
  floats: [
    0.5,
    -0.1,
    1 / 3,
    1e300,
    5e-324,
    2 ** 53,
    2 ** 60,
    65_504,
    65_505.5,
    3.4028234663852886e38,
  ],
  bigints: [0n, 1n, -1n, 2n ** 53n, -(2n ** 53n), 2n ** 63n, 2n ** 64n - 1n, -(2n ** 63n)],
  strings: ['', 'a', '\0', 'ä', '€', '😀', 'x'.repeat(1000), '\ufeffbom'],
  bytes: [new Uint8Array(0), new Uint8Array([0, 255]), new Uint8Array(70_000).fill(7)],
  dates: [new Date(0), new Date(1), new Date(-1), new Date(1_700_000_000_123), new Date(8.64e15)],
  nested: { a: [{ b: { c: [[], {}] } }], '': 1, 'a.b': 2, __proto__x: 3 },
}

export const values: Suite = {
  async 'values come back equal, types included'({ open }) {
    const db = await open()
    const things = await db.createCollection<{ id: string; value: Value }>('things')
    for (const [id, value] of Object.entries(samples)) await things.put({ id, value })
    for (const [id, value] of Object.entries(samples)) {
      equal((await things.get(id))?.value, value, id)
    }
    for await (const { id, value } of things.scan()) equal(value, samples[id], id)
  },

  async 'minus zero is stored as zero, and undefined properties are left out'({ open }) {
    const db = await open()
    const things = await db.createCollection('things')
    await things.put({ id: 'a', zero: -0, missing: undefined, inner: { missing: undefined } })
    const found = await things.get('a')
    equal(found, { id: 'a', zero: 0, inner: {} })
  },

  async '__proto__ is a property like any other'({ open }) {
    const db = await open()
    const things = await db.createCollection('things')
    await things.put(JSON.parse('{"id":"a","__proto__":{"polluted":true}}'))
    const found = (await things.get('a')) as Record<string, unknown>
    equal(Object.keys(found).sort(), ['__proto__', 'id'])
    equal(found.polluted, undefined)
  },

  async 'a document of 16 MiB can be stored'({ open }) {
    const db = await open()
    const things = await db.createCollection<{ id: string; bytes: Uint8Array }>('things')
    const bytes = new Uint8Array(16 * 1024 * 1024 - 20).map((_, i) => i * 7)
    await things.put({ id: 'a', bytes })
    const found = await things.get('a')
    equal(found?.bytes.length, bytes.length)
    equal(
      found?.bytes.every((byte, i) => byte === bytes[i]),
      true,
    )
  },

  async 'a document of 128 levels can be stored'({ open }) {
    const db = await open()
    const things = await db.createCollection<{ id: string; value: Value }>('things')
    let value: Value = 1
    for (let level = 0; level < 127; level++) value = [value]
    await things.put({ id: 'a', value })
    equal((await things.get('a'))?.value, value)
  },

  async 'ids of every kind and length are told apart'({ open }) {
    const db = await open()
    const things = await db.createCollection<{ id: string | number; n: number }>('things')
    const ids = [
      0,
      '0',
      'a',
      'a\0',
      'a\0b',
      'é'.repeat(256),
      '0198C5A0-4B1E-7C3A-9F00-2F7A4C1D5E6B',
      '0198c5a0-4b1e-7c3a-9f00-2f7a4c1d5e6b',
      -(2 ** 53 - 1),
    ]
    await things.put(ids.map((id, n) => ({ id, n })))
    for (const [n, id] of ids.entries()) equal(await things.get(id), { id, n })
    equal(await things.count(), ids.length)
    equal((await things.scan().ids()).length, ids.length)
  },
}
