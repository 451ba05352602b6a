import { Dexie, type Table } from 'dexie'
import type { Order } from '../data/orders.js'
import type { About, Change, ConcurrentStore, Durability, Peer, Store } from './peer.js'

const NAME = 'bench'

/** The usual library over IndexedDB. */
export class DexiePeer implements Peer {
  async load(): Promise<void> {}

  about(): About {
    return {
      version: `${Dexie.semVer} (dexie)`,
      kind: 'durable',
      settings: [
        "`chromeTransactionDurability: 'strict'`, which is not the default",
        'bulkAdd, bulkGet, bulkUpdate and bulkDelete for several documents',
      ],
      durability: 'synced before its transaction completed',
      relaxes: true,
    }
  }

  open(durability: Durability): Promise<DexieStore> {
    return openStore(durability)
  }

  openConcurrent(): Promise<ConcurrentStore> {
    return openStore('strict')
  }
}

async function openStore(durability: Durability): Promise<DexieStore> {
  const db = new Dexie(NAME, { chromeTransactionDurability: durability })
  db.version(1).stores({ orders: 'id, customer, placed' })
  await db.open()
  return new DexieStore(db)
}

class DexieStore implements Store, ConcurrentStore {
  readonly #db: Dexie
  readonly #orders: Table<Order, string>

  constructor(db: Dexie) {
    this.#db = db
    this.#orders = db.table('orders')
  }

  async insertAll(docs: readonly Order[]): Promise<void> {
    await this.#orders.bulkAdd(docs)
  }

  async put(doc: Order): Promise<void> {
    await this.#orders.put(doc)
  }

  async get(id: string): Promise<Order | undefined> {
    return this.#orders.get(id)
  }

  async getMany(ids: readonly string[]): Promise<Order[]> {
    return (await this.#orders.bulkGet([...ids])) as Order[]
  }

  async byCustomer(customer: string): Promise<Order[]> {
    return this.#orders.where('customer').equals(customer).toArray()
  }

  async placedFrom(from: number, limit: number): Promise<Order[]> {
    return this.#orders.where('placed').aboveOrEqual(from).limit(limit).toArray()
  }

  async idsFrom(from: string, limit: number): Promise<Order[]> {
    return this.#orders.where('id').aboveOrEqual(from).limit(limit).toArray()
  }

  async matching(predicate: (order: Order) => boolean): Promise<Order[]> {
    return this.#orders.filter(predicate).toArray()
  }

  overTotal(total: number, status: string): Promise<Order[]> {
    return this.matching((order) => order.total > total && order.status === status)
  }

  async updateAll(changes: ReadonlyMap<string, Change>): Promise<void> {
    const updates = Array.from(changes, ([key, change]) => ({ key, changes: change }))
    await this.#orders.bulkUpdate(updates)
  }

  async deleteAll(ids: readonly string[]): Promise<void> {
    await this.#orders.bulkDelete([...ids])
  }

  async close(): Promise<void> {
    this.#db.close()
  }
}
