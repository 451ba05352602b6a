// A database in IndexedDB that is far larger than the memory it may take.
import { say } from '../../scripts/lib/run.mjs'
import { callSuite, expect, test } from '../harness/fixtures.js'

const DOCUMENTS = 4000
const MEMORY_MAX = 64 * 1024 * 1024

test('a database of 200 MB opens and answers within 64 MiB', async ({ page }) => {
  test.setTimeout(900_000)
  const memory = await callSuite<number, number>(page, 'chunked', 'memoryOf', DOCUMENTS)
  say(`memory of the engine: ${memory} bytes`)
  say(`reliability {"databases":1,"documents":${DOCUMENTS}}`)
  expect(memory).toBeLessThan(MEMORY_MAX)
})
