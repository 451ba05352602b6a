// The packed package in projects of its users: built their way, opened, reloaded.
import { expect, type Page, test } from '@playwright/test'
import { createProfile, launch, removeProfile } from '../harness/browser.js'
import type { Build } from './builds/build.js'
import { esbuild } from './builds/esbuild.js'
import { none } from './builds/none.js'
import { rollup } from './builds/rollup.js'
import { vite, viteDevelopment } from './builds/vite.js'
import { webpack5 } from './builds/webpack.js'
import { createProject } from './project.js'

const builds: Record<string, Build> = { vite, viteDevelopment, webpack5, rollup, esbuild, none }

for (const [name, build] of Object.entries(builds)) {
  test(`a project built with ${name} keeps what it puts`, async () => {
    const server = await build(await createProject(name))
    try {
      await withPage(server.origin, async (page) => {
        await page.goto('/')
        await expect(page.locator('body')).toHaveText(visits(1), { timeout: 20_000 })
        await page.reload()
        await expect(page.locator('body')).toHaveText(visits(2), { timeout: 20_000 })
      })
    } finally {
      await server.close()
    }
  })
}

/** What the page and the application's own worker have counted. */
const visits = (count: number) => `page ${count}, worker ${count}`

async function withPage(origin: string, work: (page: Page) => Promise<void>): Promise<void> {
  const profile = await createProfile()
  const context = await launch(profile, origin)
  try {
    await work(context.pages()[0] ?? (await context.newPage()))
  } finally {
    await context.close()
    await removeProfile(profile)
  }
}
