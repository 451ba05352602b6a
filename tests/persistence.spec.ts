// What was acknowledged outlives the page and the browser, in every storage that lasts.
import type { Page } from '@playwright/test'
import type { StorageBackend } from '../js/types/open.js'
import { kill, launch, launchPrivate } from './harness/browser.js'
import { callSuite, expect, openPage, test } from './harness/fixtures.js'
import type { Writing } from './suite/persistence.js'

const COUNT = 300

for (const storage of ['opfs', 'indexeddb'] as const) {
  const write = (page: Page) => {
    return callSuite<Writing, number>(page, 'persistence', 'write', { count: COUNT, storage })
  }
  const inStorage = <Answer>(page: Page, what: string) =>
    callSuite<StorageBackend, Answer>(page, 'persistence', what, storage)
  const read = (page: Page) => inStorage<number>(page, 'read')

  test.describe(storage, () => {
    test('it is there after a reload, the database not having been closed', async ({ page }) => {
      await write(page)
      await page.reload()
      expect(await read(page)).toBe(COUNT)
    })

    test('it is there after the browser was killed', async ({ page, profile, origin }) => {
      await write(page)
      await kill(profile)
      const context = await launch(profile, origin)
      expect(await read(await openPage(context))).toBe(COUNT)
      await context.close()
    })

    test('it is there after the browser was killed in the middle of writing', async ({
      page,
      profile,
      origin,
    }) => {
      const acknowledged = await inStorage<number>(page, 'writeOn')
      await kill(profile)
      const context = await launch(profile, origin)
      expect(await read(await openPage(context))).toBeGreaterThanOrEqual(acknowledged)
      await context.close()
    })

    test('a second page is told who has the database', async ({ page, context }) => {
      await write(page)
      const second = await context.newPage()
      await second.goto('/')
      expect(await inStorage<string>(second, 'refusal')).toMatch(/^Locked: /)
      await page.close()
      expect(await read(second)).toBe(COUNT)
    })

    test('in a private window it is there until the window is closed', async ({ origin }) => {
      const browser = await launchPrivate()
      const first = await browser.newContext({ baseURL: origin })
      const page = await openPage(first)
      await write(page)
      await page.reload()
      expect(await read(page)).toBe(COUNT)
      const tab = await first.newPage()
      await tab.goto('/')
      await page.close()
      expect(await read(tab)).toBe(COUNT)
      await first.close()
      const second = await browser.newContext({ baseURL: origin })
      expect(await read(await openPage(second))).toBe(0)
      await browser.close()
    })
  })
}
