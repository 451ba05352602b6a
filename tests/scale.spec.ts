// What reads and writes cost in OPFS, counted at the access handles.
import type { Page } from '@playwright/test'
import { callSuite, expect, test } from './harness/fixtures.js'
import type { Reply, Request } from './suite/scale-worker.js'

const DOCUMENTS = 20_000
const PUTS = 100
const GETS = 5_000

const ask = (page: Page, request: Request) =>
  callSuite<Request, Reply>(page, 'scale', 'ask', request)

test('a commit is one write and one sync, and a get at most one read', async ({ page }) => {
  test.setTimeout(180_000)
  const name = 'scale'
  await ask(page, { do: 'open', name, durability: 'relaxed' })
  await ask(page, { do: 'load', from: 0, to: DOCUMENTS, batch: 500 })
  await ask(page, { do: 'close' })
  await ask(page, { do: 'open', name, durability: 'strict' })
  // The first commit begins a log.
  await ask(page, { do: 'put', from: DOCUMENTS, to: DOCUMENTS + 1 })
  await ask(page, { do: 'rest' })

  const first = DOCUMENTS + 1
  const puts = await ask(page, { do: 'put', from: first, to: first + PUTS })
  expect(puts.documents).toBe(first + PUTS)
  expect({ writes: puts.writes, flushes: puts.flushes }).toEqual({ writes: PUTS, flushes: PUTS })
  // Of about 200 bytes of document, three index entries with the id in each, and counters.
  expect(puts.bytesWritten / PUTS).toBeLessThan(600)

  const present: Request = { do: 'get', from: 0, to: DOCUMENTS, times: GETS }
  await ask(page, present)
  const warm = await ask(page, present)
  expect(warm.reads / GETS).toBeLessThanOrEqual(1)
  const absent = await ask(page, { ...present, from: 2 * DOCUMENTS, to: 3 * DOCUMENTS })
  expect(absent.reads / GETS).toBeLessThanOrEqual(0.02)
  expect(absent.memory).toBeLessThan(64 * 2 ** 20)
})
