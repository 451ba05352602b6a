import assert from 'node:assert/strict'
import test from 'node:test'
import { EntidbError, ERROR_KINDS, isEntidbError, type WireError } from '../../js/errors.js'
import { encodeId } from '../../js/ids.js'
import { fromWire } from '../../js/thrown.js'

test('an error of every kind crosses a worker boundary whole', () => {
  for (const kind of ERROR_KINDS) {
    const wire: WireError = { kind, message: 'do this', details: { path: 'a', id: 5 } }
    const back = EntidbError.fromWire(structuredClone(wire))
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
})

test('the guard tells kinds apart and takes nothing that only looks like an error', () => {
  const error: unknown = new EntidbError('Conflict', 'run it again')
  assert.ok(isEntidbError(error) && isEntidbError(error, 'Conflict'))
  assert.equal(isEntidbError(error, 'NotFound'), false)
  assert.equal(isEntidbError({ name: 'EntidbError', kind: 'Conflict' }), false)
  assert.equal(isEntidbError(new Error('x')), false)
})

test('an id that cannot be read leaves the rest of an error as it is', () => {
  const posted = (id: Uint8Array) => ({
    kind: 'Corrupt',
    message: 'volume is damaged',
    details: { file: 'volume', id },
  })
  const error = fromWire(posted(Uint8Array.of(9, 9)))
  assert.equal(error.kind, 'Corrupt')
  assert.equal(error.message, 'volume is damaged')
  assert.deepEqual(error.details, { file: 'volume' })
  assert.equal(fromWire(posted(encodeId('a'))).details.id, 'a')
})
