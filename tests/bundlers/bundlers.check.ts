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
 * Waits until each storage of the page and the worker have counted `least` visits or more, and says
 * how many all have: servers for development reload a page by themselves.
 */
async function visits(page: Page, least: number): Promise<number> {
  let all = 0
  await expect(async () => {
    const text = await page.locator('body').innerText()
    const counts = (text.match(/\d+/g) ?? []).map(Number)
    all = counts.length === 3 ? Math.min(...counts) : 0
    expect(all, text).toBeGreaterThanOrEqual(least)
  }).toPass({ timeout: 20_000 })
  return all
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
