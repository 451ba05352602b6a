// What a newcomer does with the demo, on real input: import, look up, change, and come back.
import type { Page } from '@playwright/test'
import { kill, launch } from './harness/browser.js'
import { plain, readCities } from './harness/cities.js'
import { expect, test, watch } from './harness/demo.js'
import { openPage } from './harness/fixtures.js'

// Each test goes on where the one before it left the database.
test.describe.configure({ mode: 'serial', timeout: 240_000 })

const number = new Intl.NumberFormat('en')
const list = (page: Page) => page.getByRole('listbox', { name: 'Cities found' })
const found = (page: Page) => page.locator('.summary')
const detail = (page: Page) => page.getByRole('region', { name: 'City', exact: true })
const documents = (page: Page) => page.locator('#state')

const counted = (count: number) => (count === 1 ? '1 city' : `${number.format(count)} cities`)

/** Looks up cities by the start of their name. */
async function lookUp(page: Page, prefix: string): Promise<void> {
  await page.getByRole('radio', { name: 'Name' }).check()
  await page.getByLabel('Name starts with').fill(prefix)
}

/** Chooses the only city that a prefix finds. */
async function choose(page: Page, prefix: string): Promise<void> {
  await lookUp(page, prefix)
  await expect(found(page)).toHaveText('1 city')
  await list(page).getByRole('option').click()
}

/** Opens one document by its id. */
async function openById(page: Page, id: number): Promise<void> {
  await page.getByRole('radio', { name: 'Id' }).check()
  await page.getByRole('textbox', { name: 'Id' }).fill(String(id))
  await expect(detail(page)).toContainText(String(id))
}

async function save(page: Page): Promise<void> {
  await detail(page).getByRole('button', { name: 'Save' }).click()
  await expect(page.getByText('is stored.')).toBeVisible()
}

/** What a city holds, as its form shows it. */
const population = (page: Page) => detail(page).getByLabel('Population')

const paris = 2988507
const berlin = 2950159

test('all cities are imported, and an import that is cut off goes on', async ({ page }) => {
  const total = readCities().length
  await page.getByRole('button', { name: `Import ${number.format(total)} cities` }).click()
  const progress = page.getByRole('progressbar', { name: 'Import' })
  const done = async () => Number(await progress.getAttribute('value'))
  // Often enough that the import cannot come to its end in between.
  await expect.poll(done, { intervals: [20] }).toBeGreaterThan(10_000)
  await page.reload()
  await expect(page.getByRole('heading', { name: 'The import was interrupted' })).toBeVisible()
  expect(await done()).toBeGreaterThan(10_000)
  await page.getByRole('button', { name: 'Go on with the import' }).click()
  await expect(list(page)).toBeVisible({ timeout: 200_000 })
  await expect(found(page)).toHaveText(counted(total))
  await page.reload()
  await expect(documents(page)).toContainText(`${number.format(total)} documents`)
})

test('every index finds what the data holds', async ({ page }) => {
  const cities = readCities()
  const named = cities.filter(({ name }) => plain(name).startsWith('san '))
  await lookUp(page, 'San ')
  await expect(found(page)).toHaveText(counted(named.length))
  const inMexico = named.filter(({ country }) => country === 'MX')
  await page.getByLabel('Country').selectOption('MX')
  await expect(found(page)).toHaveText(counted(inMexico.length))

  await page.getByRole('radio', { name: 'Population' }).check()
  const mexican = cities.filter(({ country }) => country === 'MX')
  await expect(found(page)).toHaveText(counted(mexican.length))
  await page.getByLabel('At least').fill('100000')
  await page.getByLabel('Below', { exact: true }).fill('200000')
  const middle = mexican.filter((city) => city.population >= 100_000 && city.population < 200_000)
  await expect(found(page)).toHaveText(counted(middle.length))
  const [largest] = middle.toSorted((a, b) => b.population - a.population)
  await expect(list(page).getByRole('option').first()).toContainText(String(largest?.name))
  await page.getByRole('button', { name: 'Largest first' }).click()
  const [smallest] = middle.toSorted((a, b) => a.population - b.population)
  await expect(list(page).getByRole('option').first()).toContainText(String(smallest?.name))

  await openById(page, paris)
  await expect(detail(page)).toContainText('France')
  await page.getByRole('textbox', { name: 'Id' }).fill('no such id')
  await expect(page.getByText('No document has the id no such id.')).toBeVisible()
})

test('the list can be walked to its end', async ({ page }) => {
  const cities = readCities()
  await expect(found(page)).toHaveText(counted(cities.length))
  await list(page).focus()
  await page.keyboard.press('End')
  const last = list(page).getByRole('option').last()
  await expect(last).toHaveAttribute('aria-posinset', String(cities.length))
  await expect(last).toHaveAttribute('aria-selected', 'true')
  await expect(population(page)).toHaveValue('0')
})

test('edits are still there after a reload', async ({ page }) => {
  await openById(page, paris)
  await detail(page).getByRole('textbox', { name: 'Name' }).fill('Lut\u00e8ce')
  await population(page).fill('2000000')
  await save(page)
  await page.getByRole('button', { name: 'Add a city' }).click()
  const form = page.getByRole('form', { name: 'New city' })
  await form.getByRole('textbox', { name: 'Name' }).fill('Zzyzx New Town')
  await form.getByRole('combobox').selectOption('US')
  await form.getByRole('button', { name: 'Insert' }).click()
  await expect(detail(page).getByRole('textbox', { name: 'Name' })).toHaveValue('Zzyzx New Town')
  await openById(page, berlin)
  await detail(page).getByRole('button', { name: 'Delete' }).click()
  await page.getByRole('button', { name: 'Undo' }).click()
  await expect(population(page)).toHaveValue('3426354')
  await detail(page).getByRole('button', { name: 'Delete' }).click()
  await expect(page.getByText('Berlin is deleted.')).toBeVisible()

  await page.reload()
  await page.getByRole('radio', { name: 'My edits' }).check()
  await expect(found(page)).toHaveText('2 cities')
  await choose(page, 'LUTECE')
  await expect(population(page)).toHaveValue('2000000')
  await choose(page, 'zzyzx new')
  await page.getByRole('radio', { name: 'Id' }).check()
  await page.getByRole('textbox', { name: 'Id' }).fill(String(berlin))
  await expect(page.getByText(`No document has the id ${berlin}.`)).toBeVisible()
})

test('a transaction writes both cities or none', async ({ page }) => {
  await choose(page, 'lutece')
  const transfer = page.getByRole('region', { name: 'Move people' })
  await transfer.getByLabel('To', { exact: true }).fill('Zzyzx New Town')
  await transfer.getByLabel('Inhabitants').fill('500')
  await transfer.getByLabel('Throw after the first').check()
  await transfer.getByRole('button', { name: 'Move them' }).click()
  await expect(transfer).toContainText('Rolled back: Lut\u00e8ce still has 2,000,000')
  await transfer.getByLabel('Throw after the first').uncheck()
  await transfer.getByRole('button', { name: 'Move them' }).click()
  await expect(transfer).toContainText('Lut\u00e8ce has 1,999,500, Zzyzx New Town has 1,500')
  await transfer.getByLabel('Inhabitants').fill('5000000')
  await transfer.getByRole('button', { name: 'Move them' }).click()
  await expect(page.getByRole('alert')).toContainText('move fewer of them')
  await page.reload()
  await choose(page, 'lutece')
  await expect(population(page)).toHaveValue('1999500')
})

test('acknowledged edits survive the death of the browser', async ({
  page,
  profile,
  origin,
  complaints,
}) => {
  await choose(page, 'lutece')
  await population(page).fill('1234567')
  await save(page)
  await kill(profile)
  const context = await launch(profile, origin)
  const again = await openPage(context)
  watch(again, complaints)
  await choose(again, 'lutece')
  await expect(population(again)).toHaveValue('1234567')
  await expect(documents(again)).toContainText(`${number.format(readCities().length)} documents`)
  await context.close()
})

test('the keyboard alone suffices', async ({ page }) => {
  await expect(found(page)).not.toHaveText('\u2026')
  const focused = (selector: string) => page.locator(`${selector}:focus`)
  const tabTo = async (selector: string) => {
    for (let steps = 0; steps < 20 && !(await focused(selector).count()); steps += 1) {
      await page.keyboard.press('Tab')
    }
    await expect(focused(selector)).toBeVisible()
  }
  await page.keyboard.press('Tab')
  await expect(page.getByRole('link', { name: 'Skip to the cities' })).toBeFocused()
  await page.keyboard.press('Enter')
  await tabTo('input[type=radio]')
  await page.keyboard.press('ArrowRight')
  await tabTo('input[type=search]')
  await page.keyboard.type('reykjav')
  await expect(found(page)).toHaveText('1 city')
  await tabTo('[role=listbox]')
  await page.keyboard.press('Enter')
  await expect(detail(page).getByRole('textbox', { name: 'Name' })).toHaveValue('Reykjav\u00edk')
  await tabTo('input[name=population]')
  await page.keyboard.press('ControlOrMeta+A')
  await page.keyboard.type('140000')
  await page.keyboard.press('Enter')
  await expect(page.getByText('Reykjav\u00edk is stored.')).toBeVisible()
  await expect(focused('input[name=population]')).toHaveValue('140000')
  await expect(list(page)).toContainText('140,000')
})

test('nothing is wider than a phone', async ({ page }) => {
  await page.setViewportSize({ width: 360, height: 740 })
  await page.reload()
  await choose(page, 'zzyzx new')
  const width = () => page.evaluate(() => document.documentElement.scrollWidth)
  expect(await width()).toBeLessThanOrEqual(360)
  await page.getByRole('button', { name: 'Add a city' }).click()
  expect(await width()).toBeLessThanOrEqual(360)
})

test('compaction keeps everything, and a deleted database is gone', async ({ page }) => {
  await page.getByRole('button', { name: 'Compact' }).click()
  await expect(page.getByText('given back.')).toBeVisible({ timeout: 100_000 })
  await choose(page, 'lutece')
  await expect(population(page)).toHaveValue('1234567')
  await page.getByRole('button', { name: 'Delete\u2026' }).click()
  await page.getByRole('button', { name: 'Delete everything' }).click()
  await expect(page.getByRole('heading', { name: 'Nothing is stored yet' })).toBeVisible()
  await page.reload()
  await expect(documents(page)).toContainText('0 documents')
})
