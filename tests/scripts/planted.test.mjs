import assert from 'node:assert/strict'
import test from 'node:test'
import { locate } from '../../scripts/planted/plant.mjs'
import { bugs } from '../../scripts/planted/table.mjs'

test('every planted bug has its place in the engine', () => {
  locate(bugs)
})

test('there are enough planted bugs, and no two of one name', () => {
  assert.ok(bugs.length >= 30)
  assert.equal(new Set(bugs.map((bug) => bug.name)).size, bugs.length)
})

const bug = { name: 'x', about: 'y', suite: 'z', sites: [{ file: 'f', find: 'a b;', plant: '' }] }

test('a place that is gone, or not the only one, fails with the name of its bug', () => {
  assert.equal(locate([bug], () => 'a\n  b;').size, 1)
  assert.throws(() => locate([bug], () => 'a c;'), /"x" occurs 0 times/)
  assert.throws(() => locate([bug], () => 'a b; a b;'), /"x" occurs 2 times/)
})

test('what stands before a place tells it from others', () => {
  const sites = [{ file: 'f', before: 'second:', find: 'a b;', plant: '' }]
  const places = locate([{ ...bug, sites }], () => 'first: a b; second:\na b;').get('f')
  assert.equal(places?.[0]?.start, 20)
})

test('bugs may share a place, and may not overlap otherwise', () => {
  assert.equal(locate([bug, { ...bug, name: 'w' }], () => 'a b;').get('f')?.length, 1)
  const sites = [{ file: 'f', find: 'b;', plant: '' }]
  assert.throws(() => locate([bug, { ...bug, name: 'w', sites }], () => 'a b;'), /"w" overlaps/)
})
