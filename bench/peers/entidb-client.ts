import { collection, index, open, version } from 'entidb'
import type { Order } from '../data/orders.js'
import type { About, Change, ConcurrentStore, Durability, Peer, Store } from './peer.js'

const NAME = 'bench'

const collections = {
  orders: collection<Order>({ indexes: [index('customer'), index('placed')] }),
}

/** The database of this repository as pages use it: its engine has a worker of its own. */
export class EntidbClientPeer implements Peer {
  async load(): Promise<void> {}

  about(): About {
    return {
      version: `${version().library} (entidb)`,
      kind: 'durable',
      settings: ['defaults: opfs, strict durability; the engine in its own worker'],
      durability: 'appended to the log and synced',
      relaxes: true,
    }
  }

  open(durability: Durability): Promise<Store> {
    return openClient(durability)
  }

  async openConcurrent(): Promise<ConcurrentStore> {
    return openClient('strict')
  }
}

/** The asynchronous interface, which pages and workers have alike. */
export async function openClient(durability: Durability) {
  const db = await open(NAME, { collections, durability })
  const { orders } = db
  const matching = (predicate: (order: Order) => boolean) =>
    orders.scan().filter(predicate).toArray()
  return {
    insertAll: async (docs: readonly Order[]) => {
      await orders.insert(docs)
    },
    put: async (doc: Order) => {
      await orders.put(doc)
    },
    get: (id: string) => orders.get(id),
    getMany: async (ids: readonly string[]) => (await orders.getMany(ids)) as Order[],
    byCustomer: (customer: string) => orders.findBy('customer', customer).toArray(),
    placedFrom: (from: number, limit: number) =>
      orders.range('placed', { gte: from }).take(limit).toArray(),
    idsFrom: (from: string, limit: number) => orders.scan({ gte: from }).take(limit).toArray(),
    matching,
    overTotal: (total: number, status: string) =>
      matching((order) => order.total > total && order.status === status),
    updateAll: (changes: ReadonlyMap<string, Change>) =>
      db.transaction(async (tx) => {
        for (const [id, change] of changes) await tx.orders.update(id, change)
      }),
    deleteAll: async (ids: readonly string[]) => {
      await orders.delete(ids)
    },
    close: () => db.close(),
  }
}
