import assert from 'node:assert/strict'
import test from 'node:test'
import { collection, index } from '../../js/declare.js'
import { isEntidbError } from '../../js/errors.js'
import { isReservedName } from '../../js/names.js'
import { formatPath, parsePath } from '../../js/paths.js'

test('an index has the defaults that were not overridden', () => {
  const defaults = { unique: false, each: false, kind: 'ordered' }
  assert.deepEqual(index('a', 'b.c'), { paths: ['a', 'b.c'], ...defaults })
  assert.deepEqual(index('a', { unique: true }), { paths: ['a'], ...defaults, unique: true })
  assert.deepEqual(index('a', { kind: 'hash' }), { paths: ['a'], ...defaults, kind: 'hash' })
})

test('what no index can be is refused where it is declared', () => {
  const declare = index as unknown as (...args: unknown[]) => unknown
  const wrong = [[], [{}], [''], ['a.'], ['.a'], ['a..b'], [5], ['a', 'a'], ['\ud800']]
  const options = [{ unique: 1 }, { each: 'yes' }, { kind: 'tree' }]
  for (const args of [...wrong, ...options.map((option) => ['a', option])]) {
    assert.throws(
      () => declare(...args),
      (error) => isEntidbError(error, 'InvalidInput'),
      JSON.stringify(args),
    )
  }
  assert.throws(
    () => declare(...'abcdefghi'),
    (error) => isEntidbError(error, 'LimitExceeded'),
  )
  assert.throws(
    () => collection({ schema: {} as never }),
    (error) => isEntidbError(error, 'InvalidInput'),
  )
})

test('paths are spelled as a program would', () => {
  assert.equal(formatPath(['tags', 3, 'name']), 'tags[3].name')
  assert.equal(formatPath(['a b', 'c', 0, '']), '["a b"].c[0][""]')
  assert.deepEqual(parsePath('a.b c.d'), ['a', 'b c', 'd'])
})

test('names of members and of every object are reserved', () => {
  for (const name of [...Object.getOwnPropertyNames(Object.prototype), 'then', '$x', '_x']) {
    assert.ok(isReservedName(name), name)
  }
  for (const name of ['tasks', 'x$', '', 'Stats']) assert.equal(isReservedName(name), false)
})
