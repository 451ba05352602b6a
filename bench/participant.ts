import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import type { BrowserContext, Page } from '@playwright/test'
import { packageFolder, pageFolder } from './bundle.js'
import type { Mode, Participant, Replies, Request, Started } from './page/protocol.js'

/** Whoever has not answered after so long is out of the run. */
const PATIENCE_MINUTES = 15

/**
 * The page of one participant. Each has an origin of its own, and with it storage and a process
 * that are its own.
 */
export class ParticipantPage {
  readonly name: Participant
  /** The paths of everything that was loaded. */
  readonly loaded = new Set<string>()
  readonly #page: Page
  readonly #origin: string

  private constructor(name: Participant, page: Page, port: number) {
    this.name = name
    this.#page = page
    this.#origin = `http://${name}.localhost:${port}`
  }

  static async create(context: BrowserContext, port: number, name: Participant) {
    const created = new ParticipantPage(name, await context.newPage(), port)
    context.on('request', (request) => {
      const { origin, pathname } = new URL(request.url())
      if (origin === created.#origin) created.loaded.add(pathname)
    })
    return created
  }

  /** Loads the page anew, and in it the participant. */
  async start(mode: Mode): Promise<Started> {
    await this.#page.goto(`${this.#origin}/`)
    return this.#patiently(
      this.#page.evaluate(async ([url, name, how]) => (await import(url)).start(name, how), [
        `${this.#origin}/page.js`,
        this.name,
        mode,
      ] as const),
    )
  }

  ask<R extends Request>(request: R): Promise<Replies[R['call']]> {
    const url = `${this.#origin}/page.js`
    return this.#patiently(
      this.#page.evaluate(async (input) => (await import(input.url)).ask(input.request), {
        url,
        request,
      }),
    )
  }

  close(): Promise<void> {
    return this.#page.close()
  }

  /** The size of what it loaded, without what others loaded too. */
  async downloadKilobytes(without: ReadonlySet<string>): Promise<number> {
    let bytes = 0
    for (const path of this.loaded) {
      if (!without.has(path)) bytes += gzipSync(await readFile(fileOf(path)), { level: 9 }).length
    }
    return bytes / 1000
  }

  async #patiently<T>(work: Promise<T>): Promise<T> {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<never>((_, reject) => {
      const give = () => reject(new Error(`no answer in ${PATIENCE_MINUTES} minutes`))
      timer = setTimeout(give, PATIENCE_MINUTES * 60_000)
    })
    try {
      return await Promise.race([work, late])
    } finally {
      clearTimeout(timer)
    }
  }
}

function fileOf(path: string): string {
  if (path === '/') return join(pageFolder, 'index.html')
  if (path.startsWith('/dist/')) return join(packageFolder, path.slice('/dist/'.length))
  return join(pageFolder, path)
}
