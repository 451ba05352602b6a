// Writers at work, and the long calls beside them, until they are stopped.
import type { Orders, Phase, Plan, Work } from '../shared/protocol.js'
import { MADE } from '../shared/schema.js'
import {
  BULK,
  BULK_WRITER,
  type Doc,
  type Durability,
  UNREPORTED_MAX,
  VISITS,
  type Visit,
  WRITERS,
  type Write,
  writeOf,
} from '../shared/writers.js'
import { type Db, declared } from './database.js'
import { Reporter } from './report.js'
import { post } from './server.js'

/** Writes that one writer has under way at most. */
const IN_FLIGHT_MAX = 16

/** The work on one open database. */
export class Working {
  readonly #db: Db
  readonly #plan: Plan
  readonly #reporter: Reporter
  #stopped = false

  constructor(db: Db, plan: Plan) {
    this.#db = db
    this.#plan = plan
    this.#reporter = new Reporter(plan.load)
  }

  /** Lets what is under way come to its end, and begins nothing more. */
  stop(): void {
    this.#stopped = true
  }

  /** Goes on until it is stopped. */
  async run({ work, done, writers }: Orders): Promise<void> {
    const all = writers.map((writer) => {
      const from = (done[writer] ?? 0) + 1
      return WRITERS[writer]?.awaits ? this.#oneByOne(writer, from) : this.#atOnce(writer, from)
    })
    if (work === 'compaction') all.push(this.#over(work, () => this.#compact()))
    if (work === 'index') all.push(this.#over(work, () => this.#makeIndex()))
    await Promise.all(all)
  }

  /** What the page of a storm does: it counts, and reports every count. */
  async visit(): Promise<void> {
    const visits = this.#db.collection<Visit>(VISITS)
    for (let n = 1; !this.#stopped; n++) {
      await visits.put({ id: this.#plan.load, n }, { durability: n % 2 ? 'strict' : 'relaxed' })
      await this.#reporter.report('visit', n)
    }
  }

  async #oneByOne(writer: number, from: number): Promise<void> {
    const isBulk = writer === BULK_WRITER
    for (let n = from; !this.#stopped; n++) {
      if (isBulk) await this.#phase('import', true)
      await this.#write(writer, n)
      await this.#reporter.report(String(writer), n)
      if (isBulk) await this.#phase('import', false)
    }
  }

  /** Writes without waiting for what was written before, as far as reports keep up. */
  async #atOnce(writer: number, from: number): Promise<void> {
    const flying = new Set<Promise<void>>()
    const acknowledged = new Set<number>()
    let last = from - 1
    const landed = (n: number) => {
      acknowledged.add(n)
      while (acknowledged.delete(last + 1)) last += 1
      return this.#reporter.report(String(writer), last)
    }
    const isReported = (n: number) =>
      n < from || n <= (this.#reporter.reported[String(writer)] ?? 0)
    for (let n = from; !this.#stopped; n++) {
      while (flying.size >= IN_FLIGHT_MAX || !isReported(n - UNREPORTED_MAX)) {
        await Promise.race(flying)
      }
      const flight: Promise<void> = this.#write(writer, n)
        .then(() => landed(n))
        .finally(() => flying.delete(flight))
      flying.add(flight)
    }
    await Promise.all(flying)
  }

  /** One long call after the other. */
  async #over(what: Work, call: () => Promise<void>): Promise<void> {
    while (!this.#stopped) {
      await this.#phase(what, true)
      await call()
      await this.#phase(what, false)
    }
  }

  async #compact(): Promise<void> {
    await this.#db.checkpoint()
    await this.#db.compact()
  }

  async #makeIndex(): Promise<void> {
    const stored = this.#db.collection<Doc>(BULK)
    await stored.createIndex(declared(MADE))
    await stored.dropIndex(declared(MADE))
  }

  #phase(what: Work, begun: boolean): Promise<void> {
    return post('/phase', { load: this.#plan.load, what, begun } satisfies Phase)
  }

  #write(writer: number, n: number): Promise<unknown> {
    const durability = WRITERS[writer]?.durability ?? 'strict'
    return carryOut(this.#db, writeOf(this.#plan.seed, writer, n), durability)
  }
}

async function carryOut(db: Db, write: Write, durability: Durability): Promise<unknown> {
  switch (write.do) {
    case 'put': {
      const { collection, docs } = write
      const [first, ...rest] = docs
      const stored = db.collection<Doc>(collection)
      if (first !== undefined && rest.length === 0) return stored.put(first, { durability })
      return stored.put(docs, { durability })
    }
    case 'clear':
      return db.collection(write.collection).clear()
    case 'transaction':
      return transact(db, write, durability)
  }
}

function transact(
  db: Db,
  { adds, deletes, puts }: Extract<Write, { do: 'transaction' }>,
  durability: Durability,
): Promise<void> {
  return db.transaction(
    async (tx) => {
      for (const [collection, id, amount] of adds) {
        const stored = tx.collection<Doc>(collection)
        const doc = await stored.get(id)
        if (doc) await stored.put({ ...doc, total: doc.total + amount })
      }
      for (const [collection, id] of deletes) await tx.collection<Doc>(collection).delete(id)
      for (const [collection, doc] of puts) await tx.collection<Doc>(collection).put(doc)
    },
    { durability },
  )
}
