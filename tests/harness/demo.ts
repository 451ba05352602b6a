// The demo as `npm start` serves it, and a browser profile that outlives single tests.
import type { AddressInfo } from 'node:net'
import type { ConsoleMessage, Page } from '@playwright/test'
import { build, preview } from 'vite'
import { inRoot } from '../../scripts/lib/paths.mjs'
import { setUpPackages } from '../../scripts/setup.mjs'
import { createProfile, removeProfile } from './browser.js'
import { test as base, expect } from './fixtures.js'

export { expect } from './fixtures.js'

interface TestFixtures {
  /** What a page says that it should not: errors, and what the console holds of such. */
  complaints: string[]
}

interface WorkerFixtures {
  /** The profile that all tests of a worker share, as a person's browser would. */
  home: string
}

/** Playwright's `test` on the demo: each test is a new browser on the same profile. */
export const test = base.extend<TestFixtures, WorkerFixtures>({
  origin: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the needs from here.
    async ({}, use) => {
      const root = inRoot('demo')
      await setUpPackages('demo')
      await build({ root, logLevel: 'warn' })
      const server = await preview({ root, preview: { host: '127.0.0.1', port: 0 } })
      const { port } = server.httpServer.address() as AddressInfo
      await use(`http://127.0.0.1:${port}`)
      await server.close()
    },
    { scope: 'worker', timeout: 120_000 },
  ],
  home: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the needs from here.
    async ({}, use) => {
      const profile = await createProfile()
      await use(profile)
      await removeProfile(profile)
    },
    { scope: 'worker' },
  ],
  profile: async ({ home }, use) => use(home),
  complaints: [
    async ({ context }, use) => {
      const complaints: string[] = []
      const listen = (page: Page) => watch(page, complaints)
      context.pages().forEach(listen)
      context.on('page', listen)
      await use(complaints)
      expect(complaints).toEqual([])
    },
    { auto: true },
  ],
})

/** Notes every error of a page, and every error or warning in its console. */
export function watch(page: Page, complaints: string[]): void {
  page.on('pageerror', (error) => complaints.push(error.message))
  page.on('console', (message: ConsoleMessage) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(message.text())
  })
}
