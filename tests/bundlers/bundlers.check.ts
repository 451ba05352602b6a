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
        const first = await visits(page, 1)
        await page.reload()
        await visits(page, first + 1)
      })
    } finally {
      await server.close()
    }
  })
}

/**
 * Waits until page and worker have both counted `least` visits or more, and says how many both
 * have: servers for development reload a page by themselves.
 */
async function visits(page: Page, least: number): Promise<number> {
  let both = 0
  await expect(async () => {
    const text = await page.locator('body').innerText()
    const [inPage = 0, inWorker = 0] = (text.match(/\d+/g) ?? []).map(Number)
    both = Math.min(inPage, inWorker)
    expect(both, text).toBeGreaterThanOrEqual(least)
  }).toPass({ timeout: 20_000 })
  return both
}

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
