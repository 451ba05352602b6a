// What was acknowledged outlives the page and the browser.
import type { Page } from '@playwright/test'
import { kill, launch } from './harness/browser.js'
import { callSuite, expect, openPage, test } from './harness/fixtures.js'

const COUNT = 300

const write = (page: Page) => callSuite<number, number>(page, 'persistence', 'write', COUNT)
const read = (page: Page) => callSuite<undefined, number>(page, 'persistence', 'read')

test('it is there after a reload, without the database having been closed', async ({ page }) => {
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
  const acknowledged = await callSuite<undefined, number>(page, 'persistence', 'writeOn')
  await kill(profile)
  const context = await launch(profile, origin)
  expect(await read(await openPage(context))).toBeGreaterThanOrEqual(acknowledged)
  await context.close()
})

test('a second page is told who has the database', async ({ page, context }) => {
  await write(page)
  const second = await context.newPage()
  await second.goto('/')
  const refusal = await callSuite<undefined, string>(second, 'persistence', 'refusal')
  expect(refusal).toMatch(/^Locked: /)
  await page.close()
  expect(await read(second)).toBe(COUNT)
})
