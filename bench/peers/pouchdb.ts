import PouchDB from 'pouchdb-browser'
import type { Order } from '../data/orders.js'
import type { About, Change, Peer, Store } from './peer.js'

const NAME = 'bench'
/** Comes after every character of a key. */
const LAST = '\ufff0'

/** A document as it is stored, and what a query by `allDocs` finds. */
type Stored = Omit<Order, 'id'> & { _id: string; _rev?: string }
type Rows = { rows: { doc?: Stored; value?: { rev: string } }[] }

interface Database {
  bulkDocs(docs: unknown[]): Promise<{ error?: unknown }[]>
  put(doc: unknown): Promise<unknown>
  get(id: string): Promise<Stored>
  allDocs(options: object): Promise<Rows>
  query(view: string, options: object): Promise<Rows>
  close(): Promise<void>
  destroy(): Promise<void>
}

/** Views are its indexes; they have to be asked to catch up, which the next query does. */
const VIEWS = {
  _id: '_design/orders',
  views: {
    customer: { map: 'function (doc) { emit(doc.customer) }' },
    placed: { map: 'function (doc) { emit(doc.placed) }' },
  },
}

export class PouchdbPeer implements Peer {
  async load(): Promise<void> {}

  about(): About {
    return {
      version: `${PouchDB.version} (pouchdb-browser, idb adapter)`,
      kind: 'relaxed',
      settings: [
        '`auto_compaction: true`, `revs_limit: 1`: old revisions are not what is compared',
        'map views as indexes, brought up to date when documents are inserted at once',
        'bulkDocs and allDocs for several documents; no transactions',
      ],
      durability: 'stored in IndexedDB, which it cannot be told to sync',
      relaxes: false,
      documentsMax: 100_000,
    }
  }

  async open(): Promise<Store> {
    const db = openDatabase()
    await db.put(VIEWS).catch((error: { name: string }) => {
      if (error.name !== 'conflict') throw error
    })
    return new PouchdbStore(db)
  }
}

function openDatabase(): Database {
  return new PouchDB(NAME, { adapter: 'idb', auto_compaction: true, revs_limit: 1 })
}

class PouchdbStore implements Store {
  readonly #db: Database

  constructor(db: Database) {
    this.#db = db
  }

  async insertAll(docs: readonly Order[]): Promise<void> {
    await this.#writeAll(docs.map(toStored))
    await Promise.all(Object.keys(VIEWS.views).map((view) => this.#query(view, { limit: 0 })))
  }

  /** The revision that it replaces has to be known, which costs a read. */
  async put(doc: Order): Promise<void> {
    const revision = await this.#db.get(doc.id).catch(ifMissing)
    await this.#db.put({ ...toStored(doc), ...(revision && { _rev: revision._rev }) })
  }

  async get(id: string): Promise<Order | undefined> {
    const doc = await this.#db.get(id).catch(ifMissing)
    return doc && toOrder(doc)
  }

  async getMany(ids: readonly string[]): Promise<Order[]> {
    return toOrders(await this.#db.allDocs({ keys: ids, include_docs: true }))
  }

  byCustomer(customer: string): Promise<Order[]> {
    return this.#query('customer', { key: customer })
  }

  placedFrom(from: number, limit: number): Promise<Order[]> {
    return this.#query('placed', { startkey: from, limit })
  }

  async idsFrom(from: string, limit: number): Promise<Order[]> {
    const range = { startkey: from, endkey: '_', limit, include_docs: true }
    return toOrders(await this.#db.allDocs(range))
  }

  async matching(predicate: (order: Order) => boolean): Promise<Order[]> {
    const found: Order[] = []
    let from = ''
    for (;;) {
      const page = await this.idsFrom(from, 1_000)
      for (const order of page) if (predicate(order)) found.push(order)
      const last = page.at(-1)
      if (last === undefined) return found
      from = last.id + LAST
    }
  }

  overTotal(total: number, status: string): Promise<Order[]> {
    return this.matching((order) => order.total > total && order.status === status)
  }

  async updateAll(changes: ReadonlyMap<string, Change>): Promise<void> {
    const keys = [...changes.keys()]
    const { rows } = await this.#db.allDocs({ keys, include_docs: true })
    await this.#writeAll(rows.map(({ doc }, at) => ({ ...doc, ...changes.get(keys[at] ?? '') })))
  }

  async deleteAll(ids: readonly string[]): Promise<void> {
    const { rows } = await this.#db.allDocs({ keys: ids })
    await this.#writeAll(
      rows.map(({ value }, at) => ({ _id: ids[at], _rev: value?.rev, _deleted: true })),
    )
  }

  close(): Promise<void> {
    return this.#db.close()
  }

  async #writeAll(docs: unknown[]): Promise<void> {
    const failed = (await this.#db.bulkDocs(docs)).find(({ error }) => error)
    if (failed !== undefined) throw new Error(`not written: ${JSON.stringify(failed)}`)
  }

  async #query(view: string, options: object): Promise<Order[]> {
    return toOrders(await this.#db.query(`orders/${view}`, { include_docs: true, ...options }))
  }
}

function ifMissing(error: { name: string }): undefined {
  if (error.name !== 'not_found') throw error
}

function toStored({ id, ...doc }: Order): Stored {
  return { _id: id, ...doc }
}

function toOrder({ _id, _rev, ...doc }: Stored): Order {
  return { id: _id, ...doc }
}

function toOrders({ rows }: Rows): Order[] {
  return rows.flatMap(({ doc }) => (doc === undefined ? [] : [toOrder(doc)]))
}
