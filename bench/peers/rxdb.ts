import {
  createRxDatabase,
  type RxCollection,
  type RxDatabase,
  type RxStorage,
} from 'rxdb/plugins/core'
import { getRxStorageDexie } from 'rxdb/plugins/storage-dexie'
import { getRxStorageMemory } from 'rxdb/plugins/storage-memory'
import type { Order } from '../data/orders.js'
import type { About, Change, Durability, Peer, Store } from './peer.js'

/** Its storages that are free. */
type Storage = 'dexie' | 'memory'

const NAME = 'bench'

const text = { type: 'string', maxLength: 40 } as const

const schema = {
  version: 0,
  primaryKey: 'id',
  type: 'object',
  properties: {
    id: text,
    customer: text,
    placed: { type: 'integer', minimum: 0, maximum: 10_000_000_000, multipleOf: 1 },
    status: { type: 'string' },
    total: { type: 'number' },
    paid: { type: 'boolean' },
    note: { type: 'string' },
    address: { type: 'object' },
    tags: { type: 'array', items: { type: 'string' } },
  },
  required: ['id', 'customer', 'placed'],
  indexes: ['customer', 'placed'],
} as const

export class RxdbPeer implements Peer {
  readonly #storage: Storage
  #kept: RxDatabase | undefined

  constructor(storage: Storage) {
    this.#storage = storage
  }

  async load(): Promise<void> {}

  about(): About {
    const version = `${RXDB_VERSION} (rxdb, ${this.#storage} storage)`
    const documentsMax = 100_000
    if (this.#storage === 'memory') {
      const settings = ['nothing is stored; opening again finds what stayed in memory']
      const durability = 'kept in memory alone'
      return { version, kind: 'memory', settings, durability, relaxes: false, documentsMax }
    }
    return {
      version,
      kind: 'durable',
      settings: [
        "`chromeTransactionDurability: 'strict'` among the options of its storage",
        'one instance, no event reduce, no schema validation, which are for development',
        'keeps documents and results of queries in memory while it is open, as always',
        'bulkInsert, findByIds and bulkRemove for several documents; no transactions',
      ],
      durability: 'synced before its transaction of IndexedDB completed',
      relaxes: true,
      documentsMax,
    }
  }

  async open(durability: Durability): Promise<Store> {
    const db = this.#kept ?? (await this.#create(durability))
    if (this.#storage === 'memory') this.#kept = db
    return new RxdbStore(db, this.#storage === 'dexie')
  }

  async #create(durability: Durability): Promise<RxDatabase> {
    const storage: RxStorage<unknown, unknown> =
      this.#storage === 'memory'
        ? getRxStorageMemory()
        : getRxStorageDexie({ chromeTransactionDurability: durability })
    const db = await createRxDatabase({ name: NAME, storage, multiInstance: false })
    await db.addCollections({ orders: { schema } })
    return db
  }
}

class RxdbStore implements Store {
  readonly #db: RxDatabase
  readonly #orders: RxCollection<Order>
  readonly #closes: boolean

  constructor(db: RxDatabase, closes: boolean) {
    this.#db = db
    this.#orders = db.collections.orders as RxCollection<Order>
    this.#closes = closes
  }

  async insertAll(docs: readonly Order[]): Promise<void> {
    const { error } = await this.#orders.bulkInsert([...docs])
    if (error.length > 0) throw new Error(`${error.length} documents could not be inserted`)
  }

  async put(doc: Order): Promise<void> {
    await this.#orders.upsert(doc)
  }

  async get(id: string): Promise<Order | undefined> {
    return (await this.#orders.findOne(id).exec())?.toMutableJSON()
  }

  async getMany(ids: readonly string[]): Promise<Order[]> {
    const found = await this.#orders.findByIds([...ids]).exec()
    return ids.map((id) => found.get(id)?.toMutableJSON() as Order)
  }

  byCustomer(customer: string): Promise<Order[]> {
    return this.#find({ selector: { customer } })
  }

  placedFrom(from: number, limit: number): Promise<Order[]> {
    return this.#find({ selector: { placed: { $gte: from } }, sort: [{ placed: 'asc' }], limit })
  }

  idsFrom(from: string, limit: number): Promise<Order[]> {
    return this.#find({ selector: { id: { $gte: from } }, sort: [{ id: 'asc' }], limit })
  }

  async matching(predicate: (order: Order) => boolean): Promise<Order[]> {
    const all = await this.#find({ selector: {}, sort: [{ id: 'asc' }] })
    return all.filter(predicate)
  }

  overTotal(total: number, status: string): Promise<Order[]> {
    return this.#find({ selector: { total: { $gt: total }, status }, sort: [{ id: 'asc' }] })
  }

  async updateAll(changes: ReadonlyMap<string, Change>): Promise<void> {
    const found = await this.#orders.findByIds([...changes.keys()]).exec()
    const docs = Array.from(changes, ([id, change]) => {
      return { ...(found.get(id)?.toMutableJSON() as Order), ...change }
    })
    await this.#orders.bulkUpsert(docs)
  }

  async deleteAll(ids: readonly string[]): Promise<void> {
    await this.#orders.bulkRemove([...ids])
  }

  async close(): Promise<void> {
    if (this.#closes) await this.#db.close()
  }

  async #find(query: Parameters<RxCollection<Order>['find']>[0]): Promise<Order[]> {
    const docs = await this.#orders.find(query).exec()
    return docs.map((doc) => doc.toMutableJSON())
  }
}

declare const RXDB_VERSION: string
