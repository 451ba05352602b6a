import { createWasmEngines } from '@surrealdb/wasm'
import { BoundExcluded, BoundIncluded, RecordId, RecordIdRange, Surreal, Table } from 'surrealdb'
import type { Order } from '../data/orders.js'
import type { About, Change, Peer, Store } from './peer.js'
import { batches } from './sql.js'

const NAME = 'bench'
const TABLE = 'orders'

const SCHEMA = `
  DEFINE TABLE IF NOT EXISTS ${TABLE} SCHEMALESS;
  DEFINE INDEX IF NOT EXISTS customer ON ${TABLE} FIELDS customer;
  DEFINE INDEX IF NOT EXISTS placed ON ${TABLE} FIELDS placed;
`

/** An order as it is stored: its id is that of a record. */
type Stored = Omit<Order, 'id'> & { id: RecordId }

export class SurrealdbPeer implements Peer {
  #version = ''

  async load(): Promise<void> {}

  about(): About {
    return {
      version: `${this.#version} (@surrealdb/wasm, indxdb)`,
      kind: 'relaxed',
      settings: ['schemaless table, two indexes; statements in SurrealQL with parameters'],
      durability: 'stored in IndexedDB, which it cannot be told to sync',
      relaxes: false,
      documentsMax: 100_000,
    }
  }

  async open(): Promise<Store> {
    const db = new Surreal({ engines: createWasmEngines() })
    await db.connect(`indxdb://${NAME}`)
    await db.use({ namespace: NAME, database: NAME })
    await db.query(SCHEMA)
    this.#version = (await db.version()).version
    return new SurrealdbStore(db)
  }
}

class SurrealdbStore implements Store {
  readonly #db: Surreal

  constructor(db: Surreal) {
    this.#db = db
  }

  async insertAll(docs: readonly Order[]): Promise<void> {
    const statements = ['BEGIN']
    const values: Record<string, unknown> = {}
    for (const batch of batches(docs)) {
      const name = `batch${statements.length}`
      values[name] = batch.map(toStored)
      statements.push(`INSERT INTO ${TABLE} $${name} RETURN NONE`)
    }
    await this.#db.query(`${statements.join('; ')}; COMMIT`, values)
  }

  async put(doc: Order): Promise<void> {
    const { id, ...content } = toStored(doc)
    await this.#db.query('UPSERT $id CONTENT $content RETURN NONE', { id, content })
  }

  async get(id: string): Promise<Order | undefined> {
    const [found] = await this.#docs('SELECT * FROM ONLY $id', { id: toId(id) }, (one) => [one])
    return found
  }

  getMany(ids: readonly string[]): Promise<Order[]> {
    return this.#docs('SELECT * FROM $ids', { ids: ids.map(toId) })
  }

  byCustomer(customer: string): Promise<Order[]> {
    return this.#docs(`SELECT * FROM ${TABLE} WHERE customer = $customer`, { customer })
  }

  placedFrom(from: number, limit: number): Promise<Order[]> {
    const query = `SELECT * FROM ${TABLE} WHERE placed >= $from ORDER BY placed LIMIT $limit`
    return this.#docs(query, { from, limit })
  }

  idsFrom(from: string, limit: number): Promise<Order[]> {
    const range = new RecordIdRange(new Table(TABLE), new BoundIncluded(from), undefined)
    return this.#docs('SELECT * FROM $range LIMIT $limit', { range, limit })
  }

  async matching(predicate: (order: Order) => boolean): Promise<Order[]> {
    const found: Order[] = []
    let last = ''
    for (;;) {
      const range = new RecordIdRange(new Table(TABLE), new BoundExcluded(last), undefined)
      const page = await this.#docs('SELECT * FROM $range LIMIT 1000', { range })
      for (const order of page) if (predicate(order)) found.push(order)
      last = page.at(-1)?.id ?? ''
      if (last === '') return found
    }
  }

  overTotal(total: number, status: string): Promise<Order[]> {
    const query = `SELECT * FROM ${TABLE} WHERE total > $total AND status = $status ORDER BY id`
    return this.#docs(query, { total, status })
  }

  async updateAll(changes: ReadonlyMap<string, Change>): Promise<void> {
    const all = Array.from(changes, ([id, change]) => ({ id: toId(id), change }))
    const query = 'FOR $one IN $all { UPDATE $one.id MERGE $one.change RETURN NONE }'
    await this.#db.query(query, { all })
  }

  async deleteAll(ids: readonly string[]): Promise<void> {
    await this.#db.query('DELETE $ids RETURN NONE', { ids: ids.map(toId) })
  }

  async close(): Promise<void> {
    await this.#db.close()
  }

  async #docs(
    query: string,
    values: Record<string, unknown>,
    rows: (result: never) => (Stored | undefined)[] = (result) => result,
  ): Promise<Order[]> {
    const [result] = await this.#db.query(query, values)
    return rows(result as never).flatMap((one) => (one ? [toOrder(one)] : []))
  }
}

function toId(id: string): RecordId {
  return new RecordId(TABLE, id)
}

function toStored({ id, ...doc }: Order): Stored {
  return { ...doc, id: toId(id) }
}

function toOrder({ id, ...doc }: Stored): Order {
  return { ...doc, id: String(id.id) }
}
