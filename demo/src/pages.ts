// The documents of a query, fetched a page at a time as they are looked at.
import type { CallLog } from './calls.js'
import { count, counted } from './format.js'
import type { Access } from './lookup.js'
import type { City } from './schema.js'

/** Rows of a page: more than fit into the list, few enough to come at once. */
const pageRows = 50

/** Pages that are kept; the ones that were fetched first go first. */
const keptPages = 20

/** The answer to one request: how many documents, and those that were fetched so far. */
export class Pages {
  private readonly access: Access
  private readonly calls: CallLog
  private readonly pages = new Map<number, readonly City[]>()
  private wanted: readonly number[] = []
  private fetching = false
  /** How many documents there are in all. */
  length = 0

  constructor(access: Access, calls: CallLog) {
    this.access = access
    this.calls = calls
  }

  /** The document in a row, if it has been fetched. */
  row(at: number): City | undefined {
    return this.pages.get(Math.floor(at / pageRows))?.[at % pageRows]
  }

  /** The row of a document, if it has been fetched. */
  find(id: City['id']): number | undefined {
    for (const [page, cities] of this.pages) {
      const at = cities.findIndex((city) => city.id === id)
      if (at >= 0) return page * pageRows + at
    }
    return undefined
  }

  /** Counts, and fetches the pages of the rows `from` to `to`, so that both are shown at once. */
  async start(from: number, to: number): Promise<void> {
    const { query, code } = this.access
    const counting = this.calls.run(
      `await ${code}\n  .count()`,
      () => query.count(),
      (found) => count(found),
    )
    const pages = pagesOf(from, to).map((page) => this.fetch(page))
    const [length] = await Promise.all([counting, ...pages])
    this.length = length
  }

  /**
   * Fetches the pages of some rows where they are missing, one after the other, and calls `arrived`
   * after each. Whoever scrolls on asks again; only what was asked for last is still fetched.
   */
  async want(from: number, to: number, arrived: () => void): Promise<void> {
    this.wanted = pagesOf(from, Math.min(to, this.length - 1))
    if (this.fetching) return
    this.fetching = true
    try {
      for (let page = this.missing(); page !== undefined; page = this.missing()) {
        await this.fetch(page)
        arrived()
      }
    } finally {
      this.fetching = false
    }
  }

  private missing(): number | undefined {
    return this.wanted.find((page) => !this.pages.has(page))
  }

  private async fetch(page: number): Promise<void> {
    const { query, code } = this.access
    const skip = page * pageRows
    const cities = await this.calls.run(
      `await ${code}${skip === 0 ? '' : `\n  .drop(${skip})`}\n  .take(${pageRows}).toArray()`,
      () => query.drop(skip).take(pageRows).toArray(),
      (found) => counted(found.length, 'document'),
    )
    this.pages.set(page, cities)
    for (const oldest of this.pages.keys()) {
      if (this.pages.size <= keptPages) break
      if (!this.wanted.includes(oldest)) this.pages.delete(oldest)
    }
  }
}

function pagesOf(from: number, to: number): number[] {
  const first = Math.floor(Math.max(from, 0) / pageRows)
  const end = Math.floor(Math.max(to, 0) / pageRows)
  return Array.from({ length: end - first + 1 }, (_, at) => first + at)
}
