import assert from 'node:assert/strict'
import test from 'node:test'
import { Reader } from '../../js/codec/reader.js'
import { compareBytes } from '../../js/codec/shape.js'
import { isEntidbError } from '../../js/errors.js'
import { decodeId, encodeId, generateId, readId } from '../../js/ids.js'
import type { Id } from '../../js/types.js'
import { Random } from '../shared/random.js'
import { hex, unhex } from './support/hex.js'

const uuid = '0198c5a0-4b1e-7c3a-9f00-2f7a4c1d5e6b'

const forms: [id: Id, bytes: string][] = [
  [0, '018000000000000000'],
  [-1, '017fffffffffffffff'],
  [2 ** 53 - 1, '01801fffffffffffff'],
  [1 - 2 ** 53, '017fe0000000000001'],
  [uuid, '020198c5a04b1e7c3a9f002f7a4c1d5e6b'],
  [uuid.toUpperCase(), `03${hex(new TextEncoder().encode(uuid.toUpperCase()))}0000`],
  ['a', '03610000'],
  ['\0', '0300ff0000'],
  ['a\0\0b\u00e9', '036100ff00ff62c3a90000'],
]

for (const [id, bytes] of forms) {
  test(`the bytes of the id ${JSON.stringify(id)} are ${bytes}`, () => {
    assert.equal(hex(encodeId(id)), bytes)
    assert.equal(decodeId(unhex(bytes)), id)
  })
}

const refused: [id: unknown, kind: string][] = [
  [1n, 'InvalidInput'],
  [1.5, 'InvalidInput'],
  [2 ** 53, 'InvalidInput'],
  [Number.NaN, 'InvalidInput'],
  ['', 'InvalidInput'],
  ['\ud800', 'InvalidInput'],
  [undefined, 'InvalidInput'],
  [null, 'InvalidInput'],
  [{}, 'InvalidInput'],
  ['x'.repeat(513), 'LimitExceeded'],
  ['\u20ac'.repeat(171), 'LimitExceeded'],
]

for (const [id, kind] of refused) {
  test(`the id ${String(id).slice(0, 20)} of type ${typeof id} is ${kind}`, () => {
    assert.throws(
      () => encodeId(id as Id),
      (error) => isEntidbError(error) && error.kind === kind,
    )
  })
}

test('the longest ids are taken', () => {
  for (const id of ['x'.repeat(512), '\0'.repeat(512), '\u20ac'.repeat(170)]) {
    assert.equal(decodeId(encodeId(id)), id)
  }
})

test('bytes that are no id are Corrupt', () => {
  const packed = `03${hex(new TextEncoder().encode(uuid))}0000`
  const long = `03${'78'.repeat(513)}0000`
  const damaged = ['', '00', '04', '01', '0180', '020102', '03', '0361', '036100', '030000']
  damaged.push('03610001', '0361000000', packed, long, '01ffffffffffffffff', '03ff0000')
  for (const bytes of damaged) {
    assert.throws(
      () => decodeId(unhex(bytes)),
      (error) => isEntidbError(error, 'Corrupt'),
      bytes,
    )
  }
})

/** Integers before UUIDs before other strings, each in their own order. */
function compareIds(a: Id, b: Id): number {
  const rank = (id: Id) => (typeof id === 'number' ? 0 : /^[0-9a-f-]{36}$/.test(id) ? 1 : 2)
  if (rank(a) !== rank(b)) return rank(a) - rank(b)
  if (typeof a === 'number' && typeof b === 'number') return a - b
  const [left, right] = [[...String(a)], [...String(b)]]
  for (let i = 0; i < Math.min(left.length, right.length); i++) {
    const difference = (left[i]?.codePointAt(0) ?? 0) - (right[i]?.codePointAt(0) ?? 0)
    if (difference !== 0) return difference
  }
  return left.length - right.length
}

test('bytes are in the order of the ids, and each says where it ends', () => {
  const random = new Random(5)
  const letters = ['\0', '\u0001', 'a', '\u00ff', '\uffff', '\u{1f600}']
  const some = (): Id => {
    if (random.below(3) === 0) return (random.below(2 ** 32) - 2 ** 31) * 2 ** random.below(22)
    if (random.below(4) === 0) return generateId()
    return Array.from({ length: 1 + random.below(4) }, () => random.pick(letters)).join('')
  }
  for (let i = 0; i < 5000; i++) {
    const [a, b] = [some(), some()]
    const [left, right] = [encodeId(a), encodeId(b)]
    assert.equal(Math.sign(compareBytes(left, right)), Math.sign(compareIds(a, b)), `${a} ${b}`)
    const reader = new Reader(Uint8Array.from([...left, ...right]))
    assert.deepEqual([readId(reader), readId(reader), reader.done], [a, b, true])
  }
})

test('generated ids are UUIDv7 in order, also within a millisecond', () => {
  let last = ''
  for (let i = 0; i < 20_000; i++) {
    const id = generateId()
    assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    assert.ok(id > last)
    last = id
  }
})

test('generated ids carry the time and stay in order when the clock goes back', (context) => {
  let now = Date.UTC(2100, 0)
  context.mock.method(Date, 'now', () => now)
  const first = generateId()
  assert.equal(Number.parseInt(first.replace('-', '').slice(0, 12), 16), Date.UTC(2100, 0))
  now = Date.UTC(2099, 0)
  assert.ok(generateId() > first)
})
