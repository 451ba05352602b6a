import { collection, index, version } from 'entidb'
import { open, type SyncDatabase } from 'entidb/sync'
import type { Order } from '../data/orders.js'
import { openClient } from './entidb-client.js'
import type { About, Change, ConcurrentStore, Durability, Peer, Store } from './peer.js'

const NAME = 'bench'

const collections = {
  orders: collection<Order>({ indexes: [index('customer'), index('placed')] }),
}

/** The database of this repository as built, through `entidb/sync`. */
export class EntidbPeer implements Peer {
  /** The module is compiled once for a thread, on the first `open`. */
  async load(): Promise<void> {
    const db = await open('bench-load', { storage: 'memory' })
    db.close()
  }

  async about(): Promise<About> {
    return {
      version: `${version().library} (entidb/sync)`,
      kind: 'durable',
      settings: [
        'defaults: opfs, strict durability',
        'puts in flight go through the client of `entidb`, whose engine has a worker of its own',
      ],
      durability: 'appended to the log and synced',
      relaxes: true,
    }
  }

  async open(durability: Durability): Promise<Store> {
    return new EntidbStore(await open(NAME, { collections, durability }))
  }

  openConcurrent(): Promise<ConcurrentStore> {
    return openClient('strict')
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

  getMany(ids: readonly string[]): Order[] {
    return this.#db.orders.getMany(ids) as Order[]
  }

  byCustomer(customer: string): Order[] {
    return this.#db.orders.findBy('customer', customer).toArray()
  }

  placedFrom(from: number, limit: number): Order[] {
    return this.#db.orders.range('placed', { gte: from }).take(limit).toArray()
  }

  idsFrom(from: string, limit: number): Order[] {
    return this.#db.orders.scan({ gte: from }).take(limit).toArray()
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

  deleteAll(ids: readonly string[]): void {
    this.#db.orders.delete(ids)
  }

  close(): void {
    this.#db.close()
  }
}
