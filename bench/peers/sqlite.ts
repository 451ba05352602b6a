import sqlite3InitModule, {
  type Database,
  type PreparedStatement,
  type SAHPoolUtil,
  type Sqlite3Static,
} from '@sqlite.org/sqlite-wasm'
import type { Order } from '../data/orders.js'
import type { About, Change, Durability, Peer, Store } from './peer.js'
import { batches, journaledAhead, SCHEMA, sql, sqlSettings } from './sql.js'

const FILE = '/bench.db'
const FOLDER = 'bench-sqlite'

/** SQLite's own build for the browser. */
export class SqlitePeer implements Peer {
  #module: Sqlite3Static | undefined
  #pool: SAHPoolUtil | undefined

  async load(): Promise<void> {
    this.#module = await sqlite3InitModule()
    this.#pool = await this.#module.installOpfsSAHPoolVfs({
      name: 'bench-sqlite',
      directory: FOLDER,
    })
    this.#pool.pauseVfs()
  }

  about(): About {
    return {
      version: `${this.#loaded().version.libVersion} (@sqlite.org/sqlite-wasm, opfs-sahpool)`,
      kind: 'durable',
      settings: [...journaledAhead('strict').map((pragma) => `PRAGMA ${pragma}`), ...sqlSettings],
      durability: 'appended to the write-ahead log and synced',
      relaxes: true,
    }
  }

  /** The pool takes its file handles here and gives them back on close, as EntiDB does. */
  async open(durability: Durability): Promise<Store> {
    const pool = this.#opened()
    await pool.unpauseVfs()
    const db = new pool.OpfsSAHPoolDb(FILE)
    for (const pragma of journaledAhead(durability)) db.exec(`PRAGMA ${pragma}`)
    db.exec(SCHEMA)
    return new SqliteStore(db, () => pool.pauseVfs())
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
  readonly #getMany: PreparedStatement
  readonly #byCustomer: PreparedStatement
  readonly #placedFrom: PreparedStatement
  readonly #idsFrom: PreparedStatement
  readonly #page: PreparedStatement
  readonly #overTotal: PreparedStatement
  readonly #update: PreparedStatement
  readonly #delete: PreparedStatement

  constructor(db: Database, release: () => void) {
    this.#db = db
    this.#release = release
    this.#begin = this.#prepare(sql.begin)
    this.#commit = this.#prepare(sql.commit)
    this.#insert = this.#prepare(sql.insert)
    this.#put = this.#prepare(sql.put)
    this.#get = this.#prepare(sql.get)
    this.#getMany = this.#prepare(sql.getMany)
    this.#byCustomer = this.#prepare(sql.byCustomer)
    this.#placedFrom = this.#prepare(sql.placedFrom)
    this.#idsFrom = this.#prepare(sql.idsFrom)
    this.#page = this.#prepare(sql.page)
    this.#overTotal = this.#prepare(sql.overTotal)
    this.#update = this.#prepare(sql.update)
    this.#delete = this.#prepare(sql.delete)
  }

  insertAll(docs: readonly Order[]): void {
    this.#transaction(() => {
      for (const batch of batches(docs)) this.#insert.bind(1, JSON.stringify(batch)).stepReset()
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

  getMany(ids: readonly string[]): Order[] {
    return readArray(this.#getMany.bind(1, JSON.stringify(ids)))
  }

  byCustomer(customer: string): Order[] {
    return readArray(this.#byCustomer.bind(1, customer))
  }

  placedFrom(from: number, limit: number): Order[] {
    return readArray(this.#placedFrom.bind(1, from).bind(2, limit))
  }

  idsFrom(from: string, limit: number): Order[] {
    return readArray(this.#idsFrom.bind(1, from).bind(2, limit))
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

  deleteAll(ids: readonly string[]): void {
    this.#delete.bind(1, JSON.stringify(ids)).stepReset()
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

function readArray(statement: PreparedStatement): Order[] {
  statement.step()
  const text = statement.getString(0)
  statement.reset()
  return text === null ? [] : JSON.parse(text)
}
