import type { Browser, Pages } from './browsers/browser.js'
import { type Cell, startBrowser } from './cells.js'
import type { Talk } from './server.js'
import type { Command, Plan } from './shared/protocol.js'

/** One browser with its profile, in which one database is opened again and again. */
export class Stage {
  readonly talk: Talk
  readonly #profile: string
  readonly #cell: Cell
  readonly #display: string
  readonly #next: (storm: boolean) => Plan
  #browser: (Browser & Partial<Pages>) | undefined
  #starts = 0
  #planned = 0

  /** `next` says what the next page is to open. */
  constructor(
    talk: Talk,
    cell: Cell,
    where: { profile: string; display: string },
    next: (storm: boolean) => Plan,
  ) {
    this.talk = talk
    this.#cell = cell
    this.#profile = where.profile
    this.#display = where.display
    this.#next = next
  }

  get browser(): Browser {
    if (this.#browser === undefined) throw new Error('no browser was started')
    return this.#browser
  }

  /** Starts the browser on its profile, and a page in it. */
  async start(): Promise<void> {
    this.#starts += 1
    const url = this.talk.keeper(this.#starts)
    this.#browser = startBrowser(this.#cell.browser, this.#profile, url, this.#display)
    await this.openPage()
  }

  async openPage(): Promise<void> {
    const { page } = this.talk
    if (this.#browser?.open) await this.#browser.open(page)
    else await this.talk.keep(this.#starts, { open: page })
  }

  /** Closes the page, and begins anew. */
  async closePage(): Promise<void> {
    if (this.#browser?.close === undefined) return this.command('close')
    await this.#browser.close()
    this.begin()
  }

  /** From here on a page that asks opens the database anew. */
  begin(storm = false): void {
    this.#planned = this.talk.planned
    this.talk.begin(this.#next(storm))
  }

  /** Returns once a page has begun to open the database. */
  async planGiven(): Promise<void> {
    await this.talk.until('a page that asks what to open', () => {
      return this.talk.planned > this.#planned
    })
  }

  /** Tells the page what to do to itself, after which it opens the database anew. */
  async command(what: Command['do'], storm = false): Promise<void> {
    const before = this.talk.plan?.load
    const plan = this.#next(storm)
    await this.talk.command({ do: what })
    if (before !== this.talk.plan?.load) throw new Error('two endings at once')
    this.#planned = this.talk.planned
    this.talk.begin(plan)
  }

  async stop(): Promise<void> {
    await this.#browser?.kill()
  }
}
