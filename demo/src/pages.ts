// The documents of a query, fetched a page at a time as they are looked at.
import type { CallLog } from './calls.js'
import { count, counted, literal } from './format.js'
import { type Access, access, type Request } from './lookup.js'
import type { City } from './schema.js'
import type { Session } from './session.js'

/** Rows of a page: more than fit into the list, few enough to come at once. */
const pageRows = 50

/** Pages that are kept; the ones that were fetched first go first. */
const keptPages = 20

/** Answers a request: its length, and the rows `from` to `to`, so that both are shown at once. */
export async function answer(
  session: Session,
  { lookup, descending }: Request,
  from: number,
  to: number,
): Promise<Pages> {
  const { db, calls } = session
  if (lookup.by === 'id') return Pages.of(await get(session, lookup.id), calls)
  const pages = new Pages(access(db, { lookup, descending }), calls)
  await pages.start(from, to)
  return pages
}

/** Ids of the import are numbers, those that were made here are strings. */
async function get({ db, calls }: Session, typed: string): Promise<readonly City[]> {
  const id = /^\d+$/.test(typed) ? Number(typed) : typed
  const city = await calls.run(
    `await db.cities.get(${literal(id)})`,
    () => db.cities.get(id),
    (found) => (found === undefined ? 'undefined' : counted(1, 'document')),
  )
  return city === undefined ? [] : [city]
}

/** The answer to one request: how many documents, and those that were fetched so far. */
export class Pages {
  private readonly access: Access | undefined
  private readonly calls: CallLog
  private readonly pages = new Map<number, readonly City[]>()
  private wanted: readonly number[] = []
  private fetching = false
  /** How many documents there are in all. */
  length = 0

  constructor(access: Access | undefined, calls: CallLog) {
    this.access = access
    this.calls = calls
  }

  /** An answer that is complete, and fits into one page. */
  static of(cities: readonly City[], calls: CallLog): Pages {
    const pages = new Pages(undefined, calls)
    pages.pages.set(0, cities)
    pages.length = cities.length
    return pages
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

  /** Counts, and fetches the pages of the rows `from` to `to`. */
  async start(from: number, to: number): Promise<void> {
    if (this.access === undefined) return
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
    if (this.access === undefined) return
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
