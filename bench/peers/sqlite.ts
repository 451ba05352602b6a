import sqlite3InitModule, {
  type Database,
  type PreparedStatement,
  type SAHPoolUtil,
  type Sqlite3Static,
} from '@sqlite.org/sqlite-wasm'
import type { Order } from '../data/orders.js'
import type { About, Change, Peer, Store } from './peer.js'

/**
 * SQLite's own build for the browser, set up for speed at full durability: one commit is one append
 * to the write-ahead log and one sync, and nothing else may open the files.
 */
const PRAGMAS = [
  'page_size = 16384',
  'locking_mode = EXCLUSIVE',
  'journal_mode = WAL',
  'synchronous = FULL',
  // As much as EntiDB's cache.
  'cache_size = -32768',
  'temp_store = MEMORY',
]

/** What the indexes are over is extracted into columns, which costs less than generated ones. */
const SCHEMA = `
  CREATE TABLE IF NOT EXISTS orders (
    id TEXT NOT NULL UNIQUE,
    customer TEXT NOT NULL,
    placed INTEGER NOT NULL,
    doc TEXT NOT NULL
  );
  CREATE INDEX IF NOT EXISTS orders_customer ON orders (customer);
  CREATE INDEX IF NOT EXISTS orders_placed ON orders (placed);
`

const FILE = '/bench.db'
/** Documents that are handed over as one JSON array: measured, more do not make it faster. */
const INSERT_BATCH = 500
/** Documents of a scan that come out as one JSON array. */
const SCAN_PAGE = 500

export class SqlitePeer implements Peer {
  readonly folder = 'bench-sqlite'
  #module: Sqlite3Static | undefined
  #pool: SAHPoolUtil | undefined

  async load(): Promise<void> {
    this.#module = await sqlite3InitModule()
    this.#pool = await this.#module.installOpfsSAHPoolVfs({
      name: 'bench-sqlite',
      directory: this.folder,
    })
    this.#pool.pauseVfs()
  }

  about(): About {
    return {
      version: `${this.#loaded().version.libVersion} (@sqlite.org/sqlite-wasm, opfs-sahpool)`,
      settings: [
        ...PRAGMAS.map((pragma) => `PRAGMA ${pragma}`),
        'documents as JSON text, indexed fields extracted into columns, prepared statements',
        'several documents go in and come out as one JSON array: one crossing, one JSON.parse',
        'filters by fields and updates are SQL over the JSON text, faster than in JavaScript',
      ],
      durability: 'appended to the write-ahead log and synced',
    }
  }

  /** The pool takes its file handles here and gives them back on close, as EntiDB does. */
  async open(): Promise<Store> {
    const pool = this.#opened()
    await pool.unpauseVfs()
    const db = new pool.OpfsSAHPoolDb(FILE)
    for (const pragma of PRAGMAS) db.exec(`PRAGMA ${pragma}`)
    db.exec(SCHEMA)
    return new SqliteStore(db, () => pool.pauseVfs())
  }

  async remove(): Promise<void> {
    const pool = this.#opened()
    await pool.unpauseVfs()
    await pool.wipeFiles()
    pool.pauseVfs()
  }

  #loaded(): Sqlite3Static {
    if (this.#module === undefined) throw new Error('SQLite has not been loaded')
    return this.#module
  }

  #opened(): SAHPoolUtil {
    if (this.#pool === undefined) throw new Error('SQLite has not been loaded')
    return this.#pool
  }
}

class SqliteStore implements Store {
  readonly #db: Database
  readonly #release: () => void
  readonly #statements: PreparedStatement[] = []
  readonly #begin: PreparedStatement
  readonly #commit: PreparedStatement
  readonly #insert: PreparedStatement
  readonly #put: PreparedStatement
  readonly #get: PreparedStatement
  readonly #byCustomer: PreparedStatement
  readonly #placedFrom: PreparedStatement
  readonly #page: PreparedStatement
  readonly #overTotal: PreparedStatement
  readonly #update: PreparedStatement

  constructor(db: Database, release: () => void) {
    this.#db = db
    this.#release = release
    this.#begin = this.#prepare('BEGIN IMMEDIATE')
    this.#commit = this.#prepare('COMMIT')
    const insert = 'INSERT INTO orders (id, customer, placed, doc)'
    this.#insert = this.#prepare(
      `${insert} SELECT value ->> '$.id', value ->> '$.customer', value ->> '$.placed', value
         FROM json_each(?)`,
    )
    this.#put = this.#prepare(
      `${insert} VALUES (?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET
         customer = excluded.customer, placed = excluded.placed, doc = excluded.doc`,
    )
    this.#get = this.#prepare('SELECT doc FROM orders WHERE id = ?')
    this.#byCustomer = this.#prepare(arrayOf('SELECT doc FROM orders WHERE customer = ?'))
    this.#placedFrom = this.#prepare(
      arrayOf('SELECT doc FROM orders WHERE placed >= ? ORDER BY placed LIMIT ?'),
    )
    this.#page = this.#prepare(
      `SELECT '[' || group_concat(doc, ',') || ']', max(rowid) FROM
         (SELECT rowid, doc FROM orders WHERE rowid > ? ORDER BY rowid LIMIT ${SCAN_PAGE})`,
    )
    this.#overTotal = this.#prepare(
      arrayOf(
        `SELECT doc FROM orders WHERE doc ->> '$.total' > ? AND doc ->> '$.status' = ? ORDER BY id`,
      ),
    )
    this.#update = this.#prepare(
      `UPDATE orders SET doc = json_set(doc, '$.status', ?, '$.total', ?) WHERE id = ?`,
    )
  }

  insertAll(docs: readonly Order[]): void {
    this.#transaction(() => {
      for (let at = 0; at < docs.length; at += INSERT_BATCH) {
        const batch = docs.slice(at, at + INSERT_BATCH)
        this.#insert.bind(1, JSON.stringify(batch)).stepReset()
      }
    })
  }

  put(doc: Order): void {
    this.#put.bind(1, doc.id).bind(2, doc.customer).bind(3, doc.placed)
    this.#put.bind(4, JSON.stringify(doc)).stepReset()
  }

  get(id: string): Order | undefined {
    const statement = this.#get.bind(1, id)
    const text = statement.step() ? statement.getString(0) : null
    statement.reset()
    return text === null ? undefined : JSON.parse(text)
  }

  byCustomer(customer: string): Order[] {
    return readArray(this.#byCustomer.bind(1, customer))
  }

  placedFrom(from: number, limit: number): Order[] {
    return readArray(this.#placedFrom.bind(1, from).bind(2, limit))
  }

  /** In the order in which the rows lie; only what is found has to be sorted. */
  matching(predicate: (order: Order) => boolean): Order[] {
    const found: Order[] = []
    let last = 0
    for (;;) {
      this.#page.bind(1, last).step()
      const text = this.#page.getString(0)
      last = this.#page.getInt(1) ?? 0
      this.#page.reset()
      if (text === null) return found.sort((a, b) => (a.id < b.id ? -1 : 1))
      for (const order of JSON.parse(text) as Order[]) if (predicate(order)) found.push(order)
    }
  }

  overTotal(total: number, status: string): Order[] {
    return readArray(this.#overTotal.bind(1, total).bind(2, status))
  }

  updateAll(changes: ReadonlyMap<string, Change>): void {
    this.#transaction(() => {
      for (const [id, { status, total }] of changes) {
        this.#update.bind(1, status).bind(2, total).bind(3, id).stepReset()
      }
    })
  }

  close(): void {
    for (const statement of this.#statements) statement.finalize()
    this.#db.close()
    this.#release()
  }

  #prepare(sql: string): PreparedStatement {
    const statement = this.#db.prepare(sql)
    this.#statements.push(statement)
    return statement
  }

  #transaction(work: () => void): void {
    this.#begin.stepReset()
    work()
    this.#commit.stepReset()
  }
}

/** What a query finds as the text of one JSON array. */
function arrayOf(query: string): string {
  return `SELECT '[' || group_concat(doc, ',') || ']' FROM (${query})`
}

function readArray(statement: PreparedStatement): Order[] {
  statement.step()
  const text = statement.getString(0)
  statement.reset()
  return text === null ? [] : JSON.parse(text)
}
