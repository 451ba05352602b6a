import assert from 'node:assert/strict'
import test from 'node:test'
import { checkFloors, printedCounts, sum } from '../../scripts/lib/reliability.mjs'
import { page } from '../../scripts/reliability.mjs'

test('counts that several tests print are summed', () => {
  const output = 'x\nreliability {"images":3}\ny reliability {"images":4,"calls":1}\n'
  assert.deepEqual(printedCounts(output), { images: 7, calls: 1 })
})

test('less than a floor fails, and so does what was never counted', () => {
  checkFloors({ images: 3 }, { images: 3 })
  assert.throws(() => checkFloors({ images: 2 }, { images: 3 }), /only 2 images/)
  assert.throws(() => checkFloors({}, { calls: 1 }), /only 0 calls/)
})

test('sums keep what only one side has', () => {
  assert.deepEqual(sum({ a: 1, b: 2 }, { b: 3, c: 4 }), { a: 1, b: 5, c: 4 })
})

test('the page has a section for each suite, with its counts, its matrix and its table', () => {
  const text = page({
    kills: {
      about: 'Kills',
      runs: 2,
      minutes: 1.5,
      counts: { rounds: 1234, crashPoints: 5 },
      cells: { 'Chromium, OPFS': 1234 },
      rows: [{ bug: 'a | b', found: 'by x' }],
      next: 7,
    },
  })
  for (const part of [
    '## Kills',
    '| rounds | 1,234 |',
    '| crash points | 5 |',
    '| Chromium, OPFS | 1,234 |',
    'a \\| b',
  ]) {
    assert.ok(text.includes(part), part)
  }
})
