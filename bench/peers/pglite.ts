import { PGlite } from '@electric-sql/pglite'
import { OpfsAhpFS } from '@electric-sql/pglite/opfs-ahp'
import type { Order } from '../data/orders.js'
import type { About, Change, Durability, Peer, Store } from './peer.js'
import { batches } from './sql.js'

/** Where it keeps its files: in OPFS by a pool of access handles, or in IndexedDB. */
type Storage = 'opfs-ahp' | 'idb'

const NAME = 'bench'
const CLOSING = 'The database connection is closing'

/** The package does not tell its version; the build of the page puts it here. */
declare const PGLITE_VERSION: string

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS orders (
    id text COLLATE "C" PRIMARY KEY,
    customer text COLLATE "C" NOT NULL,
    placed bigint NOT NULL,
    doc jsonb NOT NULL
  );
  CREATE INDEX IF NOT EXISTS orders_customer ON orders (customer);
  CREATE INDEX IF NOT EXISTS orders_placed ON orders (placed);
`

/** Postgres in WebAssembly. */
export class PglitePeer implements Peer {
  readonly #storage: Storage

  constructor(storage: Storage) {
    this.#storage = storage
  }

  /** Closing files in IndexedDB leaves work behind that fails, after everything was stored. */
  async load(): Promise<void> {
    self.addEventListener('error', (event) => {
      if (event.message.includes(CLOSING)) event.preventDefault()
    })
  }

  about(): About {
    const shared = [
      '`relaxedDurability: false`, which is the default',
      'documents as jsonb, indexed fields extracted into columns, text in byte order',
      'several documents go in as one JSON array',
    ]
    const version = `${PGLITE_VERSION} (@electric-sql/pglite, ${this.#storage})`
    if (this.#storage === 'opfs-ahp') {
      const durability = 'synced'
      return { version, kind: 'durable', settings: shared, durability, relaxes: true }
    }
    return {
      version,
      kind: 'memory',
      settings: [
        'all files lie in memory; those that changed go to IndexedDB whole',
        'what it throws after it was closed, `The database connection is closing`, is let pass',
        '`relaxedDurability: true` is not used: closing then loses what was not stored yet',
        ...shared,
      ],
      durability: 'stored in IndexedDB, which was not asked to sync',
      relaxes: false,
    }
  }

  async open(durability: Durability): Promise<Store> {
    const relaxedDurability = durability === 'relaxed' && this.#storage === 'opfs-ahp'
    const pg =
      this.#storage === 'idb'
        ? await PGlite.create({ dataDir: `idb://${NAME}`, relaxedDurability })
        : await PGlite.create({ fs: new OpfsAhpFS(NAME), relaxedDurability })
    await pg.exec(SCHEMA)
    return new PgliteStore(pg)
  }
}

class PgliteStore implements Store {
  readonly #pg: PGlite

  constructor(pg: PGlite) {
    this.#pg = pg
  }

  async insertAll(docs: readonly Order[]): Promise<void> {
    await this.#pg.transaction(async (tx) => {
      for (const batch of batches(docs)) {
        await tx.query(
          `INSERT INTO orders SELECT value ->> 'id', value ->> 'customer',
             (value ->> 'placed')::bigint, value FROM jsonb_array_elements($1::jsonb)`,
          [JSON.stringify(batch)],
        )
      }
    })
  }

  async put(doc: Order): Promise<void> {
    await this.#pg.query(
      `INSERT INTO orders VALUES ($1, $2, $3, $4) ON CONFLICT (id) DO UPDATE SET
         customer = excluded.customer, placed = excluded.placed, doc = excluded.doc`,
      [doc.id, doc.customer, doc.placed, JSON.stringify(doc)],
    )
  }

  async get(id: string): Promise<Order | undefined> {
    const [doc] = await this.#docs('SELECT doc FROM orders WHERE id = $1', [id])
    return doc
  }

  getMany(ids: readonly string[]): Promise<Order[]> {
    return this.#docs(
      `SELECT doc FROM unnest($1::text[]) WITH ORDINALITY AS asked (id, at)
         JOIN orders USING (id) ORDER BY at`,
      [[...ids]],
    )
  }

  byCustomer(customer: string): Promise<Order[]> {
    return this.#docs('SELECT doc FROM orders WHERE customer = $1', [customer])
  }

  placedFrom(from: number, limit: number): Promise<Order[]> {
    const query = 'SELECT doc FROM orders WHERE placed >= $1 ORDER BY placed LIMIT $2'
    return this.#docs(query, [from, limit])
  }

  idsFrom(from: string, limit: number): Promise<Order[]> {
    return this.#docs('SELECT doc FROM orders WHERE id >= $1 ORDER BY id LIMIT $2', [from, limit])
  }

  async matching(predicate: (order: Order) => boolean): Promise<Order[]> {
    const found: Order[] = []
    let last = ''
    for (;;) {
      const query = 'SELECT doc FROM orders WHERE id > $1 ORDER BY id LIMIT 1000'
      const page = await this.#docs(query, [last])
      for (const order of page) if (predicate(order)) found.push(order)
      last = page.at(-1)?.id ?? ''
      if (last === '') return found
    }
  }

  overTotal(total: number, status: string): Promise<Order[]> {
    return this.#docs(
      `SELECT doc FROM orders WHERE (doc ->> 'total')::float8 > $1 AND doc ->> 'status' = $2
         ORDER BY id`,
      [total, status],
    )
  }

  async updateAll(changes: ReadonlyMap<string, Change>): Promise<void> {
    const all = Array.from(changes, ([id, change]) => ({ id, change }))
    await this.#pg.query(
      `UPDATE orders SET doc = doc || (value -> 'change')
         FROM jsonb_array_elements($1::jsonb) WHERE orders.id = value ->> 'id'`,
      [JSON.stringify(all)],
    )
  }

  async deleteAll(ids: readonly string[]): Promise<void> {
    await this.#pg.query('DELETE FROM orders WHERE id = ANY ($1::text[])', [[...ids]])
  }

  close(): Promise<void> {
    return this.#pg.close()
  }

  async #docs(query: string, values: unknown[]): Promise<Order[]> {
    const { rows } = await this.#pg.query<{ doc: Order }>(query, values)
    return rows.map(({ doc }) => doc)
  }
}
