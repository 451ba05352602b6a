// The browser takes data away, gives handles back late, and has no more room.
import type { BrowserContext, Page } from '@playwright/test'
import { callSuite, expect, openPage, test } from './harness/fixtures.js'
import type { Storage } from './suite/platform-loss.js'

const call = <Output>(page: Page, exported: string, input?: unknown) =>
  callSuite<unknown, Output>(page, 'platform-loss', exported, input)

async function clearData(context: BrowserContext, page: Page, origin: string): Promise<void> {
  const session = await context.newCDPSession(page)
  await session.send('Storage.clearDataForOrigin', { origin, storageTypes: 'all' })
}

for (const storage of ['opfs', 'indexeddb'] satisfies Storage[]) {
  for (const busy of [false, true]) {
    const what = busy ? 'is written to' : 'has nothing to do'
    test(`cleared data is noticed while the database ${what}, ${storage}`, async ({
      page,
      context,
      origin,
    }) => {
      await call(page, 'begin', { storage, busy })
      await clearData(context, page, origin)
      const lost = await call(page, 'lose', storage)
      expect(lost).toEqual({ kind: 'StorageLost', created: true })
    })
  }
}

test('a full storage can be read, emptied, and filled again', async ({ page, context, origin }) => {
  test.setTimeout(180_000)
  const session = await context.newCDPSession(page)
  await page.exposeFunction('setQuota', (quotaSize: number) =>
    session.send('Storage.overrideQuotaForOrigin', { origin, quotaSize }),
  )
  const counts = await call<number[]>(page, 'fill', 10)
  const [emptied = 0, cleared = 0] = counts.splice(-2)
  const most = counts.at(-1) ?? 0
  // Chromium gives files room in steps that double.
  expect(new Set(counts).size).toBeGreaterThan(3)
  expect(most).toBeGreaterThan(100)
  expect(emptied).toBeGreaterThan(0.8 * most)
  expect(cleared).toBeGreaterThan(0.8 * most)
})

test('nobody can remove the files of an open database', async ({ page, context }) => {
  await call(page, 'begin', { storage: 'opfs', busy: false })
  const other = await context.newPage()
  await other.goto('/')
  const outcomes = await call<string[]>(other, 'removeFiles')
  expect(outcomes).toEqual(outcomes.map(() => 'NoModificationAllowedError'))
  expect(await call(page, 'count')).toBe(11)
})

test('files that are given back late are waited for', async ({ context }) => {
  expect(await call(await openPage(context), 'openHeld')).toBe(20)
})
