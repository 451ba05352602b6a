/** The real engine over memory: it takes what the codec writes, and gives what the codec reads. */

import { readFileSync } from 'node:fs'
import { Engine, initSync } from '../../../build/wasm/entidb.js'
import { encodeValue } from '../../../js/codec/encode.js'
import { documentOf, RowReader } from '../../../js/codec/rows.js'
import { Writer } from '../../../js/codec/writer.js'
import { EntidbError } from '../../../js/errors.js'
import { encodeId } from '../../../js/ids.js'
import { isCommitted, isGroupFull, putIdSlice } from '../../../js/ops.js'
import { Page } from '../../../js/page.js'
import { type Access, EVERYTHING, encodePlan, type Order, scan } from '../../../js/plan.js'

import type { Id } from '../../../js/types.js'
import { assertSame } from './same.js'

export type Document = Record<string, unknown>

/** The engine's number for what the newest commit left. */
const LATEST = 0
const PUT = 2
/** A batch that is committed as soon as it is this long. */
const BATCH_BYTES = 512 * 1024

const { memory } = initSync({ module: readFileSync('dist/entidb.wasm') })
const engine = await Engine.open({
  name: 'unit',
  storage: 'memory',
  databaseId: new Uint8Array(16).fill(7),
})
let collections = 0

/** How much a page holds at most. */
export interface Limits {
  readonly maxBytes: number
  readonly maxRows: number
}

const LARGE: Limits = { maxBytes: 16 * 1024 * 1024, maxRows: 100_000 }

/** A collection of its own, which takes documents as bytes. Errors are those that callers see. */
export class Store {
  readonly #number: number

  /** `paths` is what there is an index over. */
  constructor(...paths: string[]) {
    const spec = { unique: false, each: false, kind: 'ordered' }
    const indexes = paths.map((path) => ({ fields: [path], ...spec }))
    const name = `store${collections++}`
    this.#number = call(() => engine.createCollection(encodeValue({ name, indexes })))
  }

  /** Stores documents, whose bytes may be anything. */
  put(rows: Iterable<readonly [id: Id, bytes: Uint8Array]>): void {
    const writer = new Writer()
    for (const [id, bytes] of rows) {
      writer.u8(PUT)
      writer.varint(this.#number)
      putIdSlice(writer, id)
      writer.slice(bytes)
      if (writer.length >= BATCH_BYTES) commit(writer.take())
    }
    if (writer.length > 0) commit(writer.take())
  }

  clear(): void {
    call(() => engine.clear(this.#number))
  }

  /** The row of one document, as the engine answers it. */
  answer(id: Id): Uint8Array | undefined {
    return this.answerTo(encodeId(id))
  }

  /** What the engine answers to the bytes of an id, which may be anything. */
  answerTo(id: Uint8Array): Uint8Array | undefined {
    return call(() => engine.get(LATEST, this.#number, id))
  }

  get(id: Id): Document | undefined {
    const answer = this.answer(id)
    return answer && documentOf(answer, id)
  }

  /** Reads a document where it lies in the engine's memory. */
  getRaw(id: Id): Document | undefined {
    const length = call(() => engine.getRaw(LATEST, this.#number, encodeId(id)))
    if (length < 0) return undefined
    const start = engine.rawPointer()
    return documentOf(new Uint8Array(memory.buffer), id, start, start + length)
  }

  /** The rows of many documents, as the engine answers them: those of the first ids at least. */
  answerMany(ids: readonly Id[]): Uint8Array {
    const writer = new Writer()
    for (const id of ids) putIdSlice(writer, id)
    return call(() => engine.getMany(LATEST, this.#number, writer.take()))
  }

  getMany(ids: readonly Id[]): (Document | undefined)[] {
    const docs: (Document | undefined)[] = []
    while (docs.length < ids.length) {
      const rows = new RowReader(this.answerMany(ids.slice(docs.length)))
      while (!rows.done) docs.push(rows.document(ids[docs.length] as Id))
    }
    return docs
  }

  /** The pages of a query, as the engine answers them. */
  *answers(
    output: 'documents' | 'ids',
    { maxBytes, maxRows }: Limits = LARGE,
    access: Access = scan({}),
    order: Order = EVERYTHING,
  ): Generator<Uint8Array> {
    const plan = encodePlan(this.#number, access, order, output)
    let answer = call(() => engine.queryPage(LATEST, plan, maxBytes, maxRows))
    for (;;) {
      // Read first: the answer may be spoilt by whoever takes it.
      const { done, cursor } = new Page(answer)
      yield answer
      if (done) return
      answer = call(() => engine.page(cursor, maxBytes, maxRows))
    }
  }

  documents(limits?: Limits, access?: Access, order?: Order): Document[] {
    return [...this.answers('documents', limits, access, order)].flatMap(documentsOf)
  }

  ids(limits?: Limits, access?: Access, order?: Order): Id[] {
    return [...this.answers('ids', limits, access, order)].flatMap(idsOf)
  }
}

/** All documents of a page. */
export function documentsOf(answer: Uint8Array): Document[] {
  const page = new Page(answer)
  const docs: Document[] = []
  while (page.more) docs.push(page.document())
  return docs
}

function idsOf(answer: Uint8Array): Id[] {
  const page = new Page(answer)
  const ids: Id[] = []
  while (page.more) ids.push(page.id())
  return ids
}

function commit(batch: Uint8Array): void {
  let staged = call(() => engine.stage(batch, false))
  if (isGroupFull(staged)) {
    call(() => engine.commit())
    staged = call(() => engine.stage(batch, false))
  }
  if (!isCommitted(staged)) call(() => engine.commit())
  call(() => engine.settle())
}

function call<R>(run: () => R): R {
  try {
    return run()
  } catch (error) {
    throw EntidbError.fromWire(error)
  }
}

let single: Store | undefined
/** A new id for each document: what lies under one id is gone through version by version. */
let ids = 0

/**
 * Stores the document whose canonical bytes are `bytes`, and reads it back in every way there is.
 * It has its id where one is given.
 */
export function readBack(bytes: Uint8Array, id?: Id): Document {
  single ??= new Store()
  const key = id ?? ids++
  const other = `no ${String(key).slice(0, 9)}`
  single.put([[key, bytes]])
  const doc = single.get(key) as Document
  assertSame(single.getMany([other, key, other, key]), [undefined, doc, undefined, doc])
  const alone = scan({ gte: key, lte: key })
  assertSame(single.documents(LARGE, alone), [doc])
  assertSame(single.ids(LARGE, alone), [key])
  assertSame(single.getRaw(key), doc)
  if (id !== undefined) return doc
  const { id: _, ...rest } = doc
  return rest
}

/** What comes back of the value whose canonical bytes are `bytes`. */
export function readValue(bytes: Uint8Array): unknown {
  // The document { v: value }.
  return readBack(Uint8Array.from([0xa1, 0x61, 0x76, ...bytes])).v
}
