import type { Handle } from './handles.js'
import { Page } from './page.js'
import { type Access, encodePlan, type Order } from './plan.js'
import type { Session } from './port.js'
import { type Items, wait } from './routine.js'

/** What rows come from. */
export interface Source {
  readonly session: Session
  readonly handle: Handle
  readonly access: Access
  /** What the engine does of the query: all verbs before the first closure. */
  readonly order: Order
}

/** What an iteration holds in the engine: the cursor that its next page comes from, or 0. */
export interface Lease {
  cursor: number
}

/** The sizes of the pages of a query, the last of which goes on: few documents may be all. */
const PAGES = [
  { maxRows: 64, maxBytes: 64 * 1024 },
  { maxRows: 512, maxBytes: 256 * 1024 },
  { maxRows: 8192, maxBytes: 1024 * 1024 },
] as const

/**
 * The rows of a query page by page, ending with it whatever happens. Where answers take a message
 * each way, the next page is under way while one is gone through, from the second on: then most
 * callers want them all. In a transaction it is not, as what is delivered counts as read.
 */
export function* rows(
  source: Source,
  output: 'documents' | 'ids',
  eager: boolean,
  lease: Lease = { cursor: 0 },
): Items<unknown> {
  const { session, handle, access, order } = source
  const { port, view } = session
  const collection = yield* handle.id(port)
  const bytes = encodePlan(collection, access, order, output)
  const ahead = port.remote && session.transaction === undefined
  let at = eager ? PAGES.length - 1 : 0
  const limits = () => PAGES[Math.min(at++, PAGES.length - 1)] ?? PAGES[0]
  const ask = () => port.call<'page'>({ call: 'page', cursor: lease.cursor, ...limits() })
  let page = new Page(
    yield* wait(port.call<'queryPage'>({ call: 'queryPage', view, bytes, ...limits() })),
  )
  try {
    for (;;) {
      lease.cursor = page.cursor
      const next = ahead && at > 1 && !page.done ? ask() : undefined
      if (next instanceof Promise) next.catch(() => {})
      while (page.more) yield output === 'ids' ? page.id() : page.document()
      if (page.done) return
      page = new Page(yield* wait(next ?? ask()))
    }
  } finally {
    if (lease.cursor !== 0) port.tell({ call: 'closeCursor', cursor: lease.cursor })
    lease.cursor = 0
  }
}
