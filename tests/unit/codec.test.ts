import assert from 'node:assert/strict'
import test from 'node:test'
import { runInNewContext } from 'node:vm'
import { encodeDocument, encodeValue, putDocument } from '../../js/codec/encode.js'
import { Writer } from '../../js/codec/writer.js'
import { type EntidbError, type ErrorKind, isEntidbError } from '../../js/errors.js'
import { readBack, readValue } from './support/engine.js'
import { hex, unhex } from './support/hex.js'

function failure(run: () => unknown): EntidbError {
  try {
    run()
  } catch (error) {
    if (isEntidbError(error)) return error
    throw error
  }
  return assert.fail('nothing was thrown')
}

/** Values and their canonical bytes, by hand from FORMAT.md. */
const forms: [value: unknown, bytes: string][] = [
  [0, '00'],
  [-0, '00'],
  [23, '17'],
  [24, '1818'],
  [-1, '20'],
  [-25, '3818'],
  [256, '190100'],
  [65_536, '1a00010000'],
  [2 ** 31, '1a80000000'],
  [-(2 ** 31) - 1, '3a80000000'],
  [2 ** 32, '1b0000000100000000'],
  [2 ** 53 - 1, '1b001fffffffffffff'],
  [-(2 ** 53) + 1, '3b001ffffffffffffe'],
  [2 ** 53, 'fa5a000000'],
  [2 ** 53 + 2, 'fb4340000000000001'],
  [1.5, 'f93e00'],
  [65_504.5, 'fa477fe080'],
  [2 ** -24, 'f90001'],
  [3 * 2 ** -24, 'f90003'],
  [2 ** -25, 'fa33000000'],
  [-(2 ** -14), 'f98400'],
  [2 ** -149, 'fa00000001'],
  [0.1, 'fb3fb999999999999a'],
  [1e300, 'fb7e37e43c8800759c'],
  [5e-324, 'fb0000000000000001'],
  [0n, 'c240'],
  [5n, 'c24105'],
  [-1n, 'c340'],
  [-257n, 'c3420100'],
  [2n ** 53n - 1n, 'c2471fffffffffffff'],
  [1n - 2n ** 53n, 'c3471ffffffffffffe'],
  [2n ** 53n, '1b0020000000000000'],
  [-(2n ** 53n), '3b001fffffffffffff'],
  [2n ** 64n - 1n, '1bffffffffffffffff'],
  [-(2n ** 63n), '3b7fffffffffffffff'],
  [new Date(0), 'c100'],
  [new Date(1500), 'c1f93e00'],
  [new Date(-1), 'c1fbbf50624dd2f1a9fc'],
  [new Date(8.64e15), 'c11b000007dba8218000'],
  [null, 'f6'],
  [[true, false], '82f5f4'],
  ['', '60'],
  ['a\u00e9\u20ac\u{1f600}', '6a61c3a9e282acf09f9880'],
  [new Uint8Array([1, 2]), '420102'],
  [{ bb: 1, a: 2, '\u00e9': 3, '': 4 }, 'a460046161026262620162c3a903'],
]

for (const [value, bytes] of forms) {
  test(`the canonical form of ${typeof value} ${String(value)} is ${bytes}`, () => {
    assert.equal(hex(encodeValue(value)), bytes)
    const back = readValue(unhex(bytes))
    assert.deepStrictEqual(back, Object.is(value, -0) ? 0 : value)
  })
}

test('dates to the last millisecond of their range come back', () => {
  const dates: Date[] = []
  for (let i = 0; i < 20_000; i++) {
    const ms = Math.trunc(2 ** 51 + (i * 2 ** 51) / 20_011)
    for (const time of [ms, -ms, 8.64e15 - i]) dates.push(new Date(time))
  }
  assert.deepEqual(readValue(encodeValue(dates)), dates)
})

/** What cannot be stored, the place that the error names, and what it says. */
const unstorable: [doc: unknown, path: string, kind: ErrorKind, message: RegExp][] = [
  [{ a: Number.NaN }, 'a', 'InvalidInput', /a is NaN/],
  [{ a: [1, Number.POSITIVE_INFINITY] }, 'a[1]', 'InvalidInput', /Infinity/],
  [{ tags: [0, 0, 0, { name: () => 1 }] }, 'tags[3].name', 'InvalidInput', /is a function/],
  [{ a: Symbol('x') }, 'a', 'InvalidInput', /is a symbol/],
  [{ 'first name': new Date(Number.NaN) }, '["first name"]', 'InvalidInput', /invalid Date/],
  [{ a: 'x\ud800y' }, 'a', 'InvalidInput', /lone surrogate/],
  [{ a: `${'x'.repeat(999)}\udc00` }, 'a', 'InvalidInput', /lone surrogate/],
  [{ a: { '\udc00': 1 } }, 'a["\\udc00"]', 'InvalidInput', /lone surrogate/],
  [{ a: [undefined] }, 'a[0]', 'InvalidInput', /undefined.*null/],
  [{ a: new Array(2) }, 'a[0]', 'InvalidInput', /undefined.*null/],
  [{ a: 2n ** 64n }, 'a', 'InvalidInput', /64 bits/],
  [{ a: -(2n ** 63n) - 1n }, 'a', 'InvalidInput', /64 bits/],
  [{ a: new Map() }, 'a', 'InvalidInput', /class \(Map\)/],
  [{ a: new Float32Array(1) }, 'a', 'InvalidInput', /class \(Float32Array\)/],
  [{ a: new (class Point {})() }, 'a', 'InvalidInput', /class/],
  [{ a: Object(5) }, 'a', 'InvalidInput', /class/],
  [[], '', 'InvalidInput', /plain object.*not an array/],
  [null, '', 'InvalidInput', /plain object.*not null/],
]

for (const [doc, path, kind, message] of unstorable) {
  test(`${path} that cannot be stored is ${kind} with ${message}`, () => {
    const error = failure(() => encodeDocument(doc as object))
    assert.equal(error.kind, kind)
    assert.match(error.message, message)
    if (path !== '') assert.equal(error.details.path, path)
  })
}

function nested(levels: number): unknown {
  let value: unknown = levels % 2
  for (let i = 1; i < levels; i++) value = i % 2 === 0 ? { a: value } : [value]
  return { a: value }
}

test('a document has at most 128 levels', () => {
  const deep = nested(128)
  assert.deepEqual(readBack(encodeDocument(deep as object)), deep)
  assert.equal(failure(() => encodeDocument(nested(129) as object)).kind, 'LimitExceeded')
  assert.equal(failure(() => encodeDocument(nested(200_000) as object)).kind, 'LimitExceeded')
  const bytes = new Uint8Array(200_000).fill(0x81)
  assert.equal(failure(() => readValue(bytes)).kind, 'LimitExceeded')
  assert.equal(failure(() => readValue(bytes.fill(0xc1))).kind, 'InvalidInput')
})

test('a cycle is found and named', () => {
  const doc: { list: unknown[] } = { list: [1] }
  doc.list.push({ back: doc })
  const error = failure(() => encodeDocument(doc))
  assert.equal(error.kind, 'InvalidInput')
  assert.equal(error.details.path, 'list[1].back')
})

test('the same object in two places is not a cycle', () => {
  const same = { x: [1] }
  const doc = { a: same, b: [same, same] }
  assert.deepEqual(readBack(encodeDocument(doc)), doc)
})

test('a document has at most 16 MiB, and nothing is left of one that is larger', () => {
  const overhead = encodeDocument({ a: 'x'.repeat(70_000) }).length - 70_000
  const most = 16 * 1024 * 1024 - overhead
  assert.equal(encodeDocument({ a: 'x'.repeat(most) }).length, 16 * 1024 * 1024)
  assert.equal(failure(() => encodeDocument({ a: 'x'.repeat(most + 1) })).kind, 'LimitExceeded')
  assert.equal(failure(() => encodeDocument({ a: new Uint8Array(2 ** 26) })).kind, 'LimitExceeded')
  const writer = new Writer(2 ** 25)
  putDocument(writer, { ok: 1 })
  const before = writer.length
  assert.throws(() => putDocument(writer, { a: 'x'.repeat(most + 1) }))
  assert.throws(() => putDocument(writer, { a: 1, b: Number.NaN }))
  assert.equal(writer.length, before)
  putDocument(writer, { ok: 2 })
  assert.deepEqual(readBack(writer.take().slice(before)), { ok: 2 })
})

test('undefined properties and the id are left out, and the id comes back first', () => {
  const bytes = encodeDocument({ z: 1, id: 'a', b: undefined, c: { id: 7, d: undefined } })
  assert.deepEqual(readBack(bytes), { z: 1, c: { id: 7 } })
  assert.deepEqual(Object.keys(readBack(bytes, 'a')), ['id', 'c', 'z'])
  assert.equal(failure(() => readBack(encodeValue({ id: 'a' }), 'a')).kind, 'InvalidInput')
})

test('__proto__ is a property like any other', () => {
  const doc = JSON.parse('{"__proto__":{"admin":true},"a":{"__proto__":1}}') as object
  const back = readBack(encodeDocument(doc))
  assert.equal(Object.getPrototypeOf(back), Object.prototype)
  assert.equal('admin' in back, false)
  assert.equal(JSON.stringify(back), '{"a":{"__proto__":1},"__proto__":{"admin":true}}')
})

test('a getter runs once, and may itself encode', () => {
  let runs = 0
  const doc = {
    a: 'before',
    get b() {
      runs += 1
      return encodeDocument({ inner: [runs] }).length
    },
    c: { d: 'after' },
  }
  const back = readBack(encodeDocument(doc))
  assert.equal(runs, 1)
  assert.deepEqual(back, { a: 'before', b: 9, c: { d: 'after' } })
})

test('objects, arrays, dates and bytes of another realm are taken', () => {
  const foreign: unknown = runInNewContext(
    '({ a: [{ b: new Date(5) }], c: new Uint8Array([7]), d: Object.create(null) })',
  )
  const back = readBack(encodeDocument(foreign as object))
  assert.deepEqual(back, { a: [{ b: new Date(5) }], c: new Uint8Array([7]), d: {} })
})

test('bytes come back as a plain copy', () => {
  const bytes = encodeValue(Buffer.from('hello'))
  const back = readValue(Buffer.from(bytes)) as Uint8Array
  assert.equal(Object.getPrototypeOf(back), Uint8Array.prototype)
  assert.equal(back.buffer.byteLength, 5)
})

/** Bytes that are not the canonical form of anything. */
const damaged = {
  'nothing at all': '',
  'a long head': '1800',
  'a long 16-bit head': '1900ff',
  'a long 32-bit head': '1a0000ffff',
  'a long 64-bit head': '1b00000000ffffffff',
  'an indefinite array': '9fff',
  'a reserved length': '1c',
  'a head cut short': '19',
  'text cut short': '6261',
  'an array longer than the bytes': '9bffffffffffffffff',
  'a byte string longer than the bytes': '5bffffffffffffffff',
  'an integer below the range': '3b8000000000000000',
  'a whole number as a float': 'f93c00',
  'a zero float': 'f90000',
  'a whole number as a double': 'fb3ff0000000000000',
  'a half as a single': 'fa3fc00000',
  'a single as a double': 'fb3ff8000000000000',
  NaN: 'f97e00',
  infinity: 'fa7f800000',
  undefined: 'f7',
  'a simple value': 'f818',
  'another tag': 'c001',
  'a bignum with a zero in front': 'c2420001',
  'a bignum beyond the safe range': 'c24720000000000000',
  'a negative bignum beyond the safe range': 'c3471fffffffffffff',
  'a bignum over text': 'c26161',
  'a date over text': 'c16161',
  'a date over a date': 'c1c100',
  'a date over a big integer': 'c11b0020000000000000',
  'a date between milliseconds': 'c1fb3f40624dd2f1a9fc',
  'a date out of range': 'c11b000007dba8218001',
  'keys out of order': 'a2616200616100',
  'a key twice': 'a2616100616100',
  'longer keys first': 'a262616100616200',
  'a key that is not text': 'a10000',
  'text that is not UTF-8': '62c328',
  'text with a surrogate': '63eda080',
  'a key that is not UTF-8': 'a161ff00',
  'bytes after the value': '0000',
}

for (const [what, bytes] of Object.entries(damaged)) {
  test(`${what} is refused`, () => {
    for (let i = 0; i < 2; i++) {
      assert.equal(failure(() => readValue(unhex(bytes))).kind, 'InvalidInput')
    }
  })
}
