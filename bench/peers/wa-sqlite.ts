import * as SQLite from '@journeyapps/wa-sqlite'
import type { Order } from '../data/orders.js'
import type { About, Change, Durability, Peer, Store } from './peer.js'
import { batches, common, journaledAhead, SCHEMA, sql, sqlSettings } from './sql.js'

/** Which of its virtual file systems: its documentation compares them. */
export type Vfs = 'pool' | 'ahead' | 'coop' | 'idb'

/** A virtual file system, and the build of SQLite that is the fastest which it can be had with. */
interface Choice {
  title: string
  build: string
  load(): Promise<{ module: Module; vfs: OpenVfs }>
  pragmas(durability: Durability): string[]
  durability: string
  relaxes: boolean
}

/** What Emscripten made; only the library looks into it. */
type Module = object
/** The package's own types of this class are those of an older one. */
type Creates = { create(name: string, module: Module): Promise<OpenVfs> }
type OpenVfs = SQLiteVFS & { close?(): unknown }

const FILE = 'bench.db'
const NAME = 'bench-wa-sqlite'

const choices: Record<Vfs, Choice> = {
  pool: {
    title: 'AccessHandlePoolVFS',
    build: 'synchronous build',
    async load() {
      const module = await syncModule()
      const { AccessHandlePoolVFS } = await import(
        '@journeyapps/wa-sqlite/src/examples/AccessHandlePoolVFS.js'
      )
      return { module, vfs: await AccessHandlePoolVFS.create(NAME, module) }
    },
    pragmas: journaledAhead,
    durability: 'appended to the write-ahead log and synced',
    relaxes: true,
  },
  ahead: {
    title: 'OPFSWriteAheadVFS',
    build: 'synchronous build',
    async load() {
      const module = await syncModule()
      const { OPFSWriteAheadVFS } = await import(
        '@journeyapps/wa-sqlite/src/examples/OPFSWriteAheadVFS.js'
      )
      return { module, vfs: await OPFSWriteAheadVFS.create(NAME, module) }
    },
    pragmas: (durability) => ['page_size = 16384', ...common(durability)],
    durability: "appended to the file system's own write-ahead log and synced",
    relaxes: true,
  },
  coop: {
    title: 'OPFSCoopSyncVFS',
    build: 'synchronous build',
    async load() {
      const module = await syncModule()
      const { OPFSCoopSyncVFS } = await import(
        '@journeyapps/wa-sqlite/src/examples/OPFSCoopSyncVFS.js'
      )
      return { module, vfs: await OPFSCoopSyncVFS.create(NAME, module) }
    },
    pragmas: (durability) => ['page_size = 16384', 'journal_mode = DELETE', ...common(durability)],
    durability: 'written by way of a rollback journal and synced',
    relaxes: true,
  },
  idb: {
    title: 'IDBBatchAtomicVFS',
    build: 'build with JavaScript Promise Integration',
    async load() {
      const { default: factory } = await import('@journeyapps/wa-sqlite/dist/wa-sqlite-jspi.mjs')
      const module = await factory({ locateFile })
      const { IDBBatchAtomicVFS } = await import(
        '@journeyapps/wa-sqlite/src/examples/IDBBatchAtomicVFS.js'
      )
      return { module, vfs: await (IDBBatchAtomicVFS as unknown as Creates).create(NAME, module) }
    },
    // A batch has to fit into the cache, so it is as large as that of the others.
    pragmas: (durability) => [
      'page_size = 16384',
      'locking_mode = EXCLUSIVE',
      ...common(durability),
    ],
    durability: 'synced before its transaction of IndexedDB completed',
    relaxes: true,
  },
}

async function syncModule(): Promise<Module> {
  const { default: factory } = await import('@journeyapps/wa-sqlite/dist/wa-sqlite.mjs')
  return factory({ locateFile })
}

/** The modules lie beside the scripts of the page. */
function locateFile(name: string): string {
  return new URL(name, import.meta.url).href
}

/** SQLite with the virtual file systems of wa-sqlite. */
export class WaSqlitePeer implements Peer {
  readonly #choice: Choice
  #sqlite: SQLiteAPI | undefined
  #vfs: OpenVfs | undefined
  #made = false

  constructor(vfs: Vfs) {
    this.#choice = choices[vfs]
  }

  async load(): Promise<void> {
    const { module, vfs } = await this.#choice.load()
    this.#sqlite = SQLite.Factory(module)
    this.#sqlite.vfs_register(vfs, true)
    this.#vfs = vfs
  }

  about(): About {
    const { title, build, pragmas, durability, relaxes } = this.#choice
    return {
      version: `${this.#loaded().libversion()} (@journeyapps/wa-sqlite, ${title}, ${build})`,
      kind: 'durable',
      settings: [...pragmas('strict').map((pragma) => `PRAGMA ${pragma}`), ...sqlSettings],
      durability,
      relaxes,
    }
  }

  async open(durability: Durability): Promise<Store> {
    const sqlite = this.#loaded()
    const db = await sqlite.open_v2(FILE)
    for (const pragma of this.#choice.pragmas(durability)) {
      // Once there are pages, some file systems refuse even the size that they have.
      if (this.#made && pragma.startsWith('page_size')) continue
      await sqlite.exec(db, `PRAGMA ${pragma}`)
    }
    this.#made = true
    await sqlite.exec(db, SCHEMA)
    const statements = {} as Record<keyof typeof sql, number>
    for (const [name, text] of Object.entries(sql)) {
      statements[name as keyof typeof sql] = await prepare(sqlite, db, text)
    }
    return new WaSqliteStore(sqlite, db, statements)
  }

  #loaded(): SQLiteAPI {
    if (this.#sqlite === undefined || this.#vfs === undefined) {
      throw new Error('wa-sqlite has not been loaded')
    }
    return this.#sqlite
  }
}

/** Statements that last have to be asked for. */
async function prepare(sqlite: SQLiteAPI, db: number, text: string): Promise<number> {
  for await (const statement of sqlite.statements(db, text, { unscoped: true })) return statement
  throw new Error(`no statement: ${text}`)
}

type Value = string | number

class WaSqliteStore implements Store {
  readonly #sqlite: SQLiteAPI
  readonly #db: number
  readonly #statements: Record<keyof typeof sql, number>

  constructor(sqlite: SQLiteAPI, db: number, statements: Record<keyof typeof sql, number>) {
    this.#sqlite = sqlite
    this.#db = db
    this.#statements = statements
  }

  insertAll(docs: readonly Order[]): Promise<void> {
    return this.#transaction(async () => {
      for (const batch of batches(docs)) await this.#run('insert', JSON.stringify(batch))
    })
  }

  put(doc: Order): Promise<void> {
    return this.#run('put', doc.id, doc.customer, doc.placed, JSON.stringify(doc))
  }

  async get(id: string): Promise<Order | undefined> {
    const text = await this.#text('get', id)
    return text === undefined ? undefined : JSON.parse(text)
  }

  getMany(ids: readonly string[]): Promise<Order[]> {
    return this.#docs('getMany', JSON.stringify(ids))
  }

  byCustomer(customer: string): Promise<Order[]> {
    return this.#docs('byCustomer', customer)
  }

  placedFrom(from: number, limit: number): Promise<Order[]> {
    return this.#docs('placedFrom', from, limit)
  }

  idsFrom(from: string, limit: number): Promise<Order[]> {
    return this.#docs('idsFrom', from, limit)
  }

  /** In the order in which the rows lie; only what is found has to be sorted. */
  async matching(predicate: (order: Order) => boolean): Promise<Order[]> {
    const found: Order[] = []
    const page = this.#statements.page
    let last = 0
    for (;;) {
      this.#sqlite.bind(page, 1, last)
      await this.#sqlite.step(page)
      const text = this.#sqlite.column(page, 0)
      last = Number(this.#sqlite.column(page, 1) ?? 0)
      await this.#sqlite.reset(page)
      if (typeof text !== 'string') return found.sort((a, b) => (a.id < b.id ? -1 : 1))
      for (const order of JSON.parse(text) as Order[]) if (predicate(order)) found.push(order)
    }
  }

  overTotal(total: number, status: string): Promise<Order[]> {
    return this.#docs('overTotal', total, status)
  }

  updateAll(changes: ReadonlyMap<string, Change>): Promise<void> {
    return this.#transaction(async () => {
      for (const [id, { status, total }] of changes) await this.#run('update', status, total, id)
    })
  }

  deleteAll(ids: readonly string[]): Promise<void> {
    return this.#run('delete', JSON.stringify(ids))
  }

  async close(): Promise<void> {
    for (const statement of Object.values(this.#statements)) await this.#sqlite.finalize(statement)
    await this.#sqlite.close(this.#db)
  }

  async #transaction(work: () => Promise<void>): Promise<void> {
    await this.#run('begin')
    await work()
    await this.#run('commit')
  }

  async #run(name: keyof typeof sql, ...values: Value[]): Promise<void> {
    await this.#text(name, ...values)
  }

  async #docs(name: keyof typeof sql, ...values: Value[]): Promise<Order[]> {
    return JSON.parse((await this.#text(name, ...values)) ?? '[]')
  }

  /** The first column of the first row. */
  async #text(name: keyof typeof sql, ...values: Value[]): Promise<string | undefined> {
    const statement = this.#statements[name]
    for (const [at, value] of values.entries()) this.#sqlite.bind(statement, at + 1, value)
    const answer = await this.#sqlite.step(statement)
    const text = answer === SQLite.SQLITE_ROW ? this.#sqlite.column(statement, 0) : undefined
    await this.#sqlite.reset(statement)
    return typeof text === 'string' ? text : undefined
  }
}
