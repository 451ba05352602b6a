// What the database relies on the browser for. Where one of these fails, so does everything else.
import type { Page } from '@playwright/test'
import { kill, launch } from './harness/browser.js'
import { callSuite, expect, openPage, test } from './harness/fixtures.js'
import type { Reply, Request } from './suite/platform-worker.js'

const name = 'platform'
const text = 'flushed'

const inWorker = (page: Page, request: Request) =>
  callSuite<Request, Reply>(page, 'platform', 'inWorker', request)

test('what a worker flushed to OPFS is there after a reload', async ({ page }) => {
  await inWorker(page, { name, text })
  await page.reload()
  // The handle of a worker that is gone may stay taken for some 100 ms.
  await expect.poll(() => inWorker(page, { name })).toEqual({ text })
})

test('what a worker flushed to OPFS is there after the browser was killed', async ({
  page,
  profile,
  origin,
}) => {
  await inWorker(page, { name, text })
  await kill(profile)
  const context = await launch(profile, origin)
  expect(await inWorker(await openPage(context), { name })).toEqual({ text })
  await context.close()
})

test('one file has one access handle at a time', async ({ page }) => {
  await inWorker(page, { name, text })
  const refusal = { exception: 'NoModificationAllowedError' }
  expect(await inWorker(page, { name })).toEqual(refusal)
})
