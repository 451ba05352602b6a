import { collection, index, open as openClient, remove, version } from 'entidb'
import { open, type SyncDatabase } from 'entidb/sync'
import type { Order } from '../data/orders.js'
import type { About, Change, ConcurrentStore, Peer, Store } from './peer.js'

const NAME = 'bench'

const collections = {
  orders: collection<Order>({ indexes: [index('customer'), index('placed')] }),
}

/** The database of this repository as built, through `entidb/sync`. */
export class EntidbPeer implements Peer {
  readonly folder = 'entidb'

  /** The module is compiled once for a thread, on the first `open`. */
  async load(): Promise<void> {
    const db = await open('bench-load', { storage: 'memory' })
    db.close()
  }

  async about(): Promise<About> {
    return {
      version: `${version().library} (entidb/sync)`,
      settings: [
        'defaults: opfs, strict durability',
        'puts in flight go through the client of `entidb`, whose engine has a worker of its own',
      ],
      durability: 'appended to the log and synced',
    }
  }

  async open(): Promise<Store> {
    return new EntidbStore(await open(NAME, { collections }))
  }

  async openConcurrent(): Promise<ConcurrentStore> {
    const db = await openClient(NAME, { collections })
    return {
      put: async (doc) => {
        await db.orders.put(doc)
      },
      close: () => db.close(),
    }
  }

  async remove(): Promise<void> {
    await remove(NAME)
  }
}

class EntidbStore implements Store {
  readonly #db: SyncDatabase<typeof collections>

  constructor(db: SyncDatabase<typeof collections>) {
    this.#db = db
  }

  insertAll(docs: readonly Order[]): void {
    this.#db.orders.insert(docs)
  }

  put(doc: Order): void {
    this.#db.orders.put(doc)
  }

  get(id: string): Order | undefined {
    return this.#db.orders.get(id)
  }

  byCustomer(customer: string): Order[] {
    return this.#db.orders.findBy('customer', customer).toArray()
  }

  placedFrom(from: number, limit: number): Order[] {
    return this.#db.orders.range('placed', { gte: from }).take(limit).toArray()
  }

  matching(predicate: (order: Order) => boolean): Order[] {
    return this.#db.orders.scan().filter(predicate).toArray()
  }

  overTotal(total: number, status: string): Order[] {
    return this.matching((order) => order.total > total && order.status === status)
  }

  updateAll(changes: ReadonlyMap<string, Change>): void {
    this.#db.transaction((tx) => {
      for (const [id, change] of changes) tx.orders.update(id, change)
    })
  }

  close(): void {
    this.#db.close()
  }
}
