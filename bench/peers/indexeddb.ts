import type { Order } from '../data/orders.js'
import type { About, Change, ConcurrentStore, Durability, Peer, Store } from './peer.js'

const NAME = 'bench'
const STORE = 'orders'

/** IndexedDB itself, by its own interface: what every library over it has to spend at least. */
export class IndexedDbPeer implements Peer {
  async load(): Promise<void> {}

  about(): About {
    return {
      version: 'of the browser',
      kind: 'durable',
      settings: [
        "one object store with two indexes, `durability: 'strict'`",
        'getAll with a key range wherever that answers and no cursor',
        'puts in flight are transactions of their own, started without waiting',
      ],
      durability: 'synced before its transaction completed',
      relaxes: true,
    }
  }

  async open(durability: Durability): Promise<Store> {
    return new IndexedDbStore(await openDatabase(), durability)
  }

  async openConcurrent(): Promise<ConcurrentStore> {
    return new IndexedDbStore(await openDatabase(), 'strict')
  }
}

function openDatabase(): Promise<IDBDatabase> {
  const request = indexedDB.open(NAME, 1)
  request.onupgradeneeded = () => {
    const orders = request.result.createObjectStore(STORE, { keyPath: 'id' })
    orders.createIndex('customer', 'customer')
    orders.createIndex('placed', 'placed')
  }
  return answer(request)
}

function answer<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error)
  })
}

class IndexedDbStore implements Store, ConcurrentStore {
  readonly #db: IDBDatabase
  readonly #durability: Durability

  constructor(db: IDBDatabase, durability: Durability) {
    this.#db = db
    this.#durability = durability
  }

  insertAll(docs: readonly Order[]): Promise<void> {
    return this.#write((orders) => {
      for (const doc of docs) orders.add(doc)
    })
  }

  put(doc: Order): Promise<void> {
    return this.#write((orders) => orders.put(doc))
  }

  get(id: string): Promise<Order | undefined> {
    return answer(this.#reading().get(id))
  }

  getMany(ids: readonly string[]): Promise<Order[]> {
    const orders = this.#reading()
    return Promise.all(ids.map((id) => answer<Order>(orders.get(id))))
  }

  byCustomer(customer: string): Promise<Order[]> {
    return answer(this.#reading().index('customer').getAll(customer))
  }

  placedFrom(from: number, limit: number): Promise<Order[]> {
    return answer(this.#reading().index('placed').getAll(IDBKeyRange.lowerBound(from), limit))
  }

  idsFrom(from: string, limit: number): Promise<Order[]> {
    return answer(this.#reading().getAll(IDBKeyRange.lowerBound(from), limit))
  }

  /** Pages keep memory bounded, and are much faster than a cursor. */
  async matching(predicate: (order: Order) => boolean): Promise<Order[]> {
    const found: Order[] = []
    const orders = this.#reading()
    let range: IDBKeyRange | null = null
    for (;;) {
      const page: Order[] = await answer(orders.getAll(range, 1_000))
      for (const order of page) if (predicate(order)) found.push(order)
      const last = page.at(-1)
      if (last === undefined) return found
      range = IDBKeyRange.lowerBound(last.id, true)
    }
  }

  overTotal(total: number, status: string): Promise<Order[]> {
    return this.matching((order) => order.total > total && order.status === status)
  }

  updateAll(changes: ReadonlyMap<string, Change>): Promise<void> {
    return this.#write((orders) => {
      for (const [id, change] of changes) {
        const request = orders.get(id)
        request.onsuccess = () => orders.put({ ...request.result, ...change })
      }
    })
  }

  deleteAll(ids: readonly string[]): Promise<void> {
    return this.#write((orders) => {
      for (const id of ids) orders.delete(id)
    })
  }

  async close(): Promise<void> {
    this.#db.close()
  }

  #reading(): IDBObjectStore {
    return this.#db.transaction(STORE).objectStore(STORE)
  }

  #write(work: (orders: IDBObjectStore) => void): Promise<void> {
    const transaction = this.#db.transaction(STORE, 'readwrite', { durability: this.#durability })
    work(transaction.objectStore(STORE))
    return new Promise((resolve, reject) => {
      transaction.oncomplete = () => resolve()
      transaction.onabort = () => reject(transaction.error)
    })
  }
}
