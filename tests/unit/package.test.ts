import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import test from 'node:test'
import * as entidb from '../../js/index.js'

test('the package can be imported where there is no browser, and says what it needs', async () => {
  const unsupported = (error: unknown) => entidb.isEntidbError(error, 'Unsupported')
  await assert.rejects(entidb.open('tasks'), unsupported)
  await assert.rejects(entidb.list(), unsupported)
  await assert.rejects(entidb.remove('tasks'), unsupported)
  assert.deepEqual(entidb.index('a').paths, ['a'])
})

test('the version of the package is that of package.json', () => {
  const { version } = JSON.parse(readFileSync('package.json', 'utf8'))
  assert.equal(entidb.version().library, version)
})

test('the version of the format is that of its document', () => {
  const { format } = entidb.version()
  assert.ok(readFileSync('engine/FORMAT.md', 'utf8').includes(`Format version ${format}.`))
})
