import { type BrowserContext, test as base, type Page } from '@playwright/test'
import { createProfile, launch, removeProfile } from './browser.js'
import { startServer } from './server.js'

export { expect } from '@playwright/test'

interface TestFixtures {
  /** The folder of this test's browser profile, its own and empty. */
  profile: string
}

interface WorkerFixtures {
  /** Where the test pages and the package are served. */
  origin: string
  /** A page for tests that leave nothing behind, so that a browser is not started for each. */
  shared: Page
}

/** Playwright's `test`; `context` and `page` are those of a browser with a profile on a disk. */
export const test = base.extend<TestFixtures, WorkerFixtures>({
  origin: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the needs from here.
    async ({}, use) => {
      const server = await startServer()
      await use(server.origin)
      await server.close()
    },
    { scope: 'worker' },
  ],
  shared: [
    async ({ origin }, use) => {
      const profile = await createProfile()
      const context = await launch(profile, origin)
      await use(await openPage(context))
      await context.close()
      await removeProfile(profile)
    },
    { scope: 'worker' },
  ],
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the needs from here.
  profile: async ({}, use) => {
    const profile = await createProfile()
    await use(profile)
    await removeProfile(profile)
  },
  context: async ({ profile, origin }, use) => {
    const context = await launch(profile, origin)
    await use(context)
    await context.close()
  },
  page: async ({ context }, use) => {
    await use(await openPage(context))
  },
})

/** The page a browser starts with, on the test server. */
export async function openPage(context: BrowserContext): Promise<Page> {
  const page = context.pages()[0] ?? (await context.newPage())
  await page.goto('/')
  return page
}

/**
 * Calls a function that a module of `tests/suite` exports, inside the page.
 * @param name of the module, without its ending
 * @param input and the result are copied as JSON would
 */
export function callSuite<Input, Output>(
  page: Page,
  name: string,
  exported: string,
  input?: Input,
): Promise<Output> {
  return page.evaluate(async ({ url, exported, input }) => (await import(url))[exported](input), {
    url: `/suite/${name}.js`,
    exported,
    input,
  })
}
