import { readdirSync, readFileSync } from 'node:fs'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { type Browser, type BrowserContext, chromium } from '@playwright/test'
import { chromiumArgs, chromium as executable } from '../../scripts/lib/browser.mjs'
import { inRoot } from '../../scripts/lib/paths.mjs'

/**
 * A folder for a browser's profile, inside the repository: the system's temporary folder may lie in
 * memory, and these tests are about what reaches a disk.
 */
export async function createProfile(): Promise<string> {
  const folder = inRoot('build', 'profiles')
  await mkdir(folder, { recursive: true })
  return mkdtemp(`${folder}/`)
}

/** A browser that was killed may still be letting go of its files. */
export function removeProfile(profile: string): Promise<void> {
  return rm(profile, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 })
}

/**
 * Starts a browser on a profile. Whatever is about a disk goes through this: any other context is
 * off the record, and there OPFS lives in memory.
 */
export function launch(profile: string, origin: string): Promise<BrowserContext> {
  return chromium.launchPersistentContext(profile, {
    executablePath: executable(),
    args: chromiumArgs,
    baseURL: origin,
  })
}

/** Starts a browser whose contexts are private windows: what they store lies in memory. */
export function launchPrivate(): Promise<Browser> {
  return chromium.launch({ executablePath: executable(), args: chromiumArgs })
}

/** Ends every process of a profile's browser at once, as a crash would. */
export async function kill(profile: string): Promise<void> {
  while (true) {
    const processes = processesOf(profile)
    if (processes.length === 0) return
    for (const pid of processes) {
      try {
        process.kill(pid, 'SIGKILL')
      } catch {
        // It ended with the one that had started it.
      }
    }
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

function processesOf(profile: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => commandLine(pid).includes(`--user-data-dir=${profile}`))
}

function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8')
  } catch {
    return ''
  }
}
