/**
 * Collections of either kind: their methods return promises where the session drives routines with
 * promises, and what is in them where it runs them straight through. The types of both are in
 * types/collection.ts and types/sync.ts.
 */

import { documentOf, RowReader } from './codec/rows.js'
import { storedForm } from './codec/stored.js'
import { Writer } from './codec/writer.js'
import { EntidbError, invalidInput } from './errors.js'
import type { Handle } from './handles.js'
import { encodeId } from './ids.js'
import { idFor, validated } from './input.js'
import {
  type Condition,
  checkCondition,
  hashText,
  putDelete,
  putIdSlice,
  putInsert,
  putPut,
  putUpdate,
} from './ops.js'
import { checkDurability, watchOf } from './options.js'
import { type Access, EVERYTHING, equality, range, scan } from './plan.js'
import type { Session } from './port.js'
import type { QueryVerbs } from './query.js'
import { isThenable, type Routine, wait } from './routine.js'
import { rows } from './rows.js'
import { decodeIndexes, encodeIndex } from './schema.js'
import { toArray } from './stages.js'
import type { IndexDeclaration } from './types/declare.js'
import type { LongCallOptions } from './types/open.js'
import type { IndexInfo } from './types/report.js'
import type { Id } from './types/values.js'
import { again, type Writes, write } from './writes.js'

/** Ids asked for in one message. */
const IDS_MAX = 50_000

type Document = Record<string, unknown>

/** How many documents `put` and `insert` are given, and so what they answer. */
type OneOrMany = object | readonly object[]

interface StoreOptions {
  readonly ifMatch?: unknown
  readonly durability?: unknown
}

/** The reading half: what a snapshot has. */
export class Reads {
  readonly name: string
  protected readonly session: Session
  protected readonly handle: Handle
  readonly #Query: typeof QueryVerbs

  constructor(session: Session, handle: Handle, Query: typeof QueryVerbs) {
    this.name = handle.name
    this.session = session
    this.handle = handle
    this.#Query = Query
  }

  get(id: Id): unknown {
    return this.session.drive(this.read(id))
  }

  getMany(ids: Iterable<Id>) {
    return this.session.drive(this.#readMany([...ids]))
  }

  has(id: Id) {
    return this.session.drive(this.#of('has', id))
  }

  count() {
    return this.session.drive(this.#count())
  }

  hash(id: Id) {
    return this.session.drive(this.#hash(id))
  }

  findBy(paths: unknown, values: unknown): QueryVerbs {
    return this.#query(equality(paths, values))
  }

  range(paths: unknown, bounds: unknown = {}): QueryVerbs {
    return this.#query(range(paths, bounds))
  }

  scan(bounds: unknown = {}): QueryVerbs {
    return this.#query(scan(bounds))
  }

  #query(access: Access): QueryVerbs {
    const { session, handle } = this
    return new this.#Query({ session, handle, access, order: EVERYTHING, stages: [] })
  }

  protected *read(id: Id): Routine<Document | undefined> {
    const bytes = yield* this.#of('get', id)
    return bytes && documentOf(bytes, id)
  }

  *#of<N extends 'get' | 'has' | 'hash'>(call: N, id: Id) {
    const { port, view } = this.session
    const bytes = encodeId(id)
    const collection = yield* this.handle.id(port)
    return yield* wait(port.call<N>({ call, view, collection, bytes } as never))
  }

  *#count(): Routine<number> {
    const { port, view } = this.session
    const collection = yield* this.handle.id(port)
    return yield* wait(port.call<'count'>({ call: 'count', view, collection }))
  }

  *#hash(id: Id): Routine<string | undefined> {
    const bytes = yield* this.#of('hash', id)
    return bytes && hashText(bytes)
  }

  /** The answers may take several messages, which then are about one snapshot. */
  *#readMany(ids: readonly Id[]): Routine<(Document | undefined)[]> {
    const { port, view } = this.session
    const collection = yield* this.handle.id(port)
    const docs: (Document | undefined)[] = []
    const own = view === 0 && ids.length > 1 ? port.newView() : 0
    if (own !== 0) port.tell({ call: 'snapshot', view: own })
    try {
      while (docs.length < ids.length) {
        const bytes = encodeIds(ids, docs.length)
        const request = { call: 'getMany', view: own || view, collection, bytes } as const
        const rows = new RowReader(yield* wait(port.call<'getMany'>(request)))
        while (!rows.done) docs.push(rows.document(ids[docs.length] as Id))
      }
      return docs
    } finally {
      if (own !== 0) port.tell({ call: 'release', view: own })
    }
  }

  /** A document with its hash, both of one moment: nothing comes between calls made at once. */
  protected *readHashed(id: Id): Routine<{ doc: Document; hash: Condition }> {
    const { port, view, transaction } = this.session
    const bytes = encodeId(id)
    const collection = yield* this.handle.id(port)
    const request = { view, collection, bytes }
    const asked = port.call<'get'>({ call: 'get', ...request })
    // A transaction sees to it by itself that nothing has changed.
    const hashed =
      transaction === undefined
        ? port.call<'hash'>({ call: 'hash', ...request, bytes: bytes.slice() })
        : undefined
    if (hashed instanceof Promise) hashed.catch(() => {})
    const found = yield* wait(asked)
    const hash = yield* wait(hashed)
    if (found === undefined) throw notFound(id, this.name)
    return { doc: documentOf(found, id), hash: hash && hashText(hash) }
  }
}

function encodeIds(ids: readonly Id[], from: number): Uint8Array {
  const writer = new Writer()
  const to = Math.min(ids.length, from + IDS_MAX)
  for (let at = from; at < to; at++) putIdSlice(writer, ids[at] as Id)
  return writer.take()
}

function notFound(id: Id, collection: string): EntidbError {
  const message = `there is no document ${JSON.stringify(id)} in '${collection}'; put one first`
  return new EntidbError('NotFound', message, { details: { collection, id } })
}

/** What a transaction has: reads and writes. */
export class ReadsAndWrites extends Reads {
  insert(docs: OneOrMany, options?: StoreOptions) {
    return this.session.drive(this.#store(docs, options, 'insert'))
  }

  put(docs: OneOrMany, options?: StoreOptions) {
    return this.session.drive(this.#store(docs, options, 'put'))
  }

  update(id: Id, change: unknown) {
    const { schema } = this.handle
    if (typeof change === 'function') return this.session.drive(this.#change(id, change as never))
    checkPatch(id, change)
    if (schema === undefined) return this.session.drive(this.#patch(id, change))
    return this.session.drive(this.#change(id, (doc) => ({ ...doc, ...change, id })))
  }

  delete(ids: Id | readonly Id[]) {
    return this.session.drive(this.#delete(Array.isArray(ids) ? ids : [ids]))
  }

  clear() {
    return this.session.drive(this.#clear())
  }

  *#store(docs: OneOrMany, options: StoreOptions = {}, verb: 'insert' | 'put') {
    const { ifMatch, durability } = options
    checkCondition(ifMatch)
    const strict = checkDurability(durability, this.session.strict)
    const all: readonly object[] = Array.isArray(docs) ? [...docs] : [docs]
    // Made before anything is sent, so that a second attempt stores the same documents.
    const ids = all.map(idFor)
    const { schema } = this.handle
    const collection = yield* this.handle.id(this.session.port)
    const putOne = (writer: Writer, id: Id, doc: object) => {
      if (verb === 'insert') putInsert(writer, collection, id, doc)
      else putPut(writer, collection, id, doc, ifMatch)
    }
    const writes: Writes = {
      count: all.length,
      put(writer, at) {
        const id = ids[at] as Id
        const doc = all[at] as object
        if (schema === undefined) return void putOne(writer, id, doc)
        return (function* () {
          putOne(writer, id, yield* validated(schema, doc, id))
        })()
      },
    }
    yield* write(this.session, writes, strict)
    return Array.isArray(docs) ? ids : (ids[0] as Id)
  }

  *#patch(id: Id, patch: object): Routine<Document> {
    const collection = yield* this.handle.id(this.session.port)
    let doc: Document | undefined
    const writes: Writes = {
      count: 1,
      put: (writer) => void putUpdate(writer, collection, id, patch),
      read(reader) {
        doc = documentOf(reader.slice(), id)
      },
    }
    yield* write(this.session, writes, this.session.strict)
    return doc as Document
  }

  *#change(id: Id, change: (doc: Document) => unknown): Routine<Document> {
    const { session, handle } = this
    const collection = yield* handle.id(session.port)
    return yield* again(
      function* (this: ReadsAndWrites): Routine<Document> {
        const { doc, hash } = yield* this.readHashed(id)
        const changed = checkChanged(id, change(doc))
        const valid = yield* validated(handle.schema, changed, id)
        const put = (writer: Writer) => void putPut(writer, collection, id, valid, hash)
        yield* write(session, { count: 1, put }, session.strict)
        return { id, ...(storedForm({ ...valid, id: undefined }) as Document) }
      }.bind(this),
    )
  }

  *#delete(ids: readonly Id[]): Routine<number> {
    const collection = yield* this.handle.id(this.session.port)
    const existed = new Uint8Array(ids.length)
    const writes: Writes = {
      count: ids.length,
      put: (writer, at) => void putDelete(writer, collection, ids[at] as Id),
      read(reader, at) {
        existed[at] = reader.u8()
      },
    }
    yield* write(this.session, writes, this.session.strict)
    return existed.reduce((sum, one) => sum + one, 0)
  }

  *#clear(): Routine<void> {
    const { session, handle } = this
    const { port, transaction } = session
    if (transaction === undefined) {
      const collection = yield* handle.id(port)
      return yield* wait(port.call<'clear'>({ call: 'clear', collection }))
    }
    const everything = { session, handle, access: scan({}), order: EVERYTHING }
    yield* this.#delete((yield* toArray(rows(everything, 'ids', true))) as Id[])
  }
}

function checkPatch(id: Id, patch: unknown): asserts patch is Document {
  if (typeof patch !== 'object' || patch === null) {
    throw invalidInput('update takes the properties to change, or a function')
  }
  checkSameId(id, patch)
}

function checkSameId(id: Id, doc: object): void {
  const own = (doc as { id?: unknown }).id
  if (own === undefined || own === id) return
  throw invalidInput('update leaves the id alone; put a document under the new one', {
    id,
  })
}

function checkChanged(id: Id, changed: unknown): object {
  if (isThenable(changed)) {
    changed.then(undefined, () => {})
    throw invalidInput('the function of update is not async; use a transaction to wait')
  }
  if (typeof changed !== 'object' || changed === null) {
    throw invalidInput('the function of update returns the new document')
  }
  checkSameId(id, changed)
  return changed
}

/** A collection of its own, outside any transaction. */
export class WholeCollection extends ReadsAndWrites {
  createIndex(declaration: IndexDeclaration, options: LongCallOptions = {}) {
    return this.session.drive(this.#createIndex(declaration, options))
  }

  dropIndex(declaration: IndexDeclaration) {
    return this.session.drive(this.#dropIndex(declaration))
  }

  indexes() {
    return this.session.drive(this.#indexes())
  }

  *#createIndex(declaration: IndexDeclaration, options: LongCallOptions): Routine<void> {
    const { port } = this.session
    const watch = watchOf(options, () => this.name)
    const bytes = encodeIndex(declaration)
    const collection = yield* this.handle.id(port)
    const request = { call: 'createIndex', collection, bytes } as const
    yield* wait(port.call<'createIndex'>(request, watch))
  }

  *#dropIndex(declaration: IndexDeclaration): Routine<void> {
    const { port } = this.session
    const bytes = encodeIndex(declaration)
    const collection = yield* this.handle.id(port)
    yield* wait(port.call<'dropIndex'>({ call: 'dropIndex', collection, bytes }))
  }

  *#indexes(): Routine<IndexInfo[]> {
    const { port } = this.session
    const collection = yield* this.handle.id(port)
    return decodeIndexes(yield* wait(port.call<'indexes'>({ call: 'indexes', collection })))
  }
}
