import assert from 'node:assert/strict'
import test from 'node:test'
import { EntidbError, ERROR_KINDS, isEntidbError } from '../../js/errors.js'

test('an error of every kind crosses a worker boundary whole', () => {
  for (const kind of ERROR_KINDS) {
    const error = new EntidbError(kind, 'do this', { details: { path: 'a', id: 5 } })
    const back = EntidbError.fromWire(structuredClone(error.toWire()))
    assert.ok(isEntidbError(back, kind))
    assert.deepEqual([back.message, back.details], ['do this', { path: 'a', id: 5 }])
    assert.equal(String(back), 'EntidbError: do this')
  }
})

test('what is not understood becomes an Io error with its cause', () => {
  for (const cause of [undefined, null, 5, 'x', {}, { kind: 'Nonsense', message: 'x' }]) {
    const error = EntidbError.fromWire(cause)
    assert.equal(error.kind, 'Io')
    assert.equal(error.cause, cause)
  }
  const cause = new RangeError('no')
  assert.equal(EntidbError.from(cause).cause, cause)
  const own = new EntidbError('Closed', 'open it again')
  assert.equal(EntidbError.from(own), own)
})

test('the guard tells kinds apart and takes nothing that only looks like an error', () => {
  const error: unknown = new EntidbError('Conflict', 'run it again')
  assert.ok(isEntidbError(error) && isEntidbError(error, 'Conflict'))
  assert.equal(isEntidbError(error, 'NotFound'), false)
  assert.equal(isEntidbError({ name: 'EntidbError', kind: 'Conflict' }), false)
  assert.equal(isEntidbError(new Error('x')), false)
})
