import { createIndexes, createStore, type Indexes, type Store as Table } from 'tinybase'
import { createIndexedDbPersister } from 'tinybase/persisters/persister-indexed-db'
import type { Order } from '../data/orders.js'
import type { About, Change, Peer, Store } from './peer.js'

const NAME = 'bench'
const TABLE = 'orders'
/** Tables hold flat values: what is nested goes into a cell of its own as JSON. */
type Row = Record<string, string | number | boolean>

/** A store in memory that a persister saves whole. */
export class TinybasePeer implements Peer {
  async load(): Promise<void> {}

  about(): About {
    return {
      version: `${TINYBASE_VERSION} (tinybase, IndexedDB persister)`,
      kind: 'memory',
      settings: [
        'flat cells, address and tags as JSON; indexes over customer and placed',
        'every write is followed by `persister.save()`, which stores everything anew',
      ],
      durability: 'stored in IndexedDB, which was not asked to sync',
      relaxes: false,
      documentsMax: 100_000,
    }
  }

  async open(): Promise<Store> {
    const table = createStore()
    const persister = createIndexedDbPersister(table, NAME)
    await persister.load()
    const indexes = createIndexes(table)
    indexes.setIndexDefinition('customer', TABLE, 'customer', 'id')
    indexes.setIndexDefinition('placed', TABLE, () => '', 'placed')
    indexes.setIndexDefinition('ids', TABLE, () => '', 'id')
    return new TinybaseStore(table, indexes, persister)
  }
}

type Persister = ReturnType<typeof createIndexedDbPersister>

class TinybaseStore implements Store {
  readonly #table: Table
  readonly #indexes: Indexes
  readonly #persister: Persister

  constructor(table: Table, indexes: Indexes, persister: Persister) {
    this.#table = table
    this.#indexes = indexes
    this.#persister = persister
  }

  insertAll(docs: readonly Order[]): Promise<void> {
    return this.#write(() => {
      for (const doc of docs) this.#table.setRow(TABLE, doc.id, toRow(doc))
    })
  }

  put(doc: Order): Promise<void> {
    return this.#write(() => this.#table.setRow(TABLE, doc.id, toRow(doc)))
  }

  get(id: string): Order | undefined {
    return this.#table.hasRow(TABLE, id) ? this.#doc(id) : undefined
  }

  getMany(ids: readonly string[]): Order[] {
    return ids.map((id) => this.#doc(id))
  }

  byCustomer(customer: string): Order[] {
    return this.getMany(this.#indexes.getSliceRowIds('customer', customer))
  }

  placedFrom(from: number, limit: number): Order[] {
    const ids = this.#indexes.getSliceRowIds('placed', '')
    const placed = (id: string) => this.#table.getCell(TABLE, id, 'placed') as number
    const at = firstAt(ids, (id) => placed(id) >= from)
    return this.getMany(ids.slice(at, at + limit))
  }

  idsFrom(from: string, limit: number): Order[] {
    const ids = this.#indexes.getSliceRowIds('ids', '')
    const at = firstAt(ids, (id) => id >= from)
    return this.getMany(ids.slice(at, at + limit))
  }

  matching(predicate: (order: Order) => boolean): Order[] {
    return this.getMany(this.#indexes.getSliceRowIds('ids', '')).filter(predicate)
  }

  overTotal(total: number, status: string): Order[] {
    const ids = this.#indexes.getSliceRowIds('ids', '').filter((id) => {
      const cell = (name: string) => this.#table.getCell(TABLE, id, name)
      return (cell('total') as number) > total && cell('status') === status
    })
    return this.getMany(ids)
  }

  updateAll(changes: ReadonlyMap<string, Change>): Promise<void> {
    return this.#write(() => {
      for (const [id, change] of changes) this.#table.setPartialRow(TABLE, id, { ...change })
    })
  }

  deleteAll(ids: readonly string[]): Promise<void> {
    return this.#write(() => {
      for (const id of ids) this.#table.delRow(TABLE, id)
    })
  }

  async close(): Promise<void> {
    await this.#persister.destroy()
  }

  async #write(work: () => unknown): Promise<void> {
    this.#table.transaction(work)
    await this.#persister.save()
  }

  #doc(id: string): Order {
    const { address, tags, ...cells } = this.#table.getRow(TABLE, id) as Row
    const nested = { address: JSON.parse(String(address)), tags: JSON.parse(String(tags)) }
    return { ...cells, ...nested } as unknown as Order
  }
}

function toRow({ address, tags, ...cells }: Order): Row {
  return { ...cells, address: JSON.stringify(address), tags: JSON.stringify(tags) }
}

/** Where in sorted ids the first is for which something holds. */
function firstAt(ids: readonly string[], holds: (id: string) => boolean): number {
  let low = 0
  let high = ids.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (holds(ids[middle] as string)) high = middle
    else low = middle + 1
  }
  return low
}

declare const TINYBASE_VERSION: string
