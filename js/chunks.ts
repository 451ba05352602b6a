/**
 * The files of a database as chunks in IndexedDB. FORMAT.md, section 8, has the layout.
 *
 * IndexedDB has no handle that is exclusive. A lock of the browser keeps others out, where there
 * are locks; and the record `owner` names the one who opened last, so that nobody else can store.
 */

import type { Engine } from '../build/wasm/entidb.js'
import type { WireError } from './errors.js'
import { type Backing, isMissing } from './patience.js'
import type { FromHost } from './protocol.js'
import { fault } from './wire.js'

declare const self: DedicatedWorkerGlobalScope

const STORE = 'chunks'
const OWNER = 'owner'
const FILES = 'files'
/** Chunks of the volume that an open reads ahead: its roots and manifests. */
const HEAD_CHUNKS = 34
/** Milliseconds to wait for whoever has the database. */
const LOCK_MS = 5_000

const HELD =
  'another tab or worker has the database open, or one that was just closed is still shutting ' +
  'down; close it, or try again in a moment'

/** What the engine has to have stored in one transaction, as its `to_store` says. */
type Batch = [
  strict: boolean,
  lengths: Float64Array,
  chunkBytes: Uint32Array,
  cuts: Float64Array,
  keys: Uint32Array,
  chunks: Uint8Array[],
]

type Found = readonly [file: number, number: number, bytes: Uint8Array]

/** What an engine starts from: what `overChunks` takes, and chunks it will ask for. */
interface Head {
  readonly sizes: readonly [lengths: Float64Array, chunkBytes: Uint32Array, extents: Uint32Array]
  readonly ahead: readonly Found[]
}

/** The chunks of one database, which is open nowhere else. */
export class ChunkStore implements Backing {
  failure: WireError | undefined
  /** Whether nothing was stored when it was opened. */
  wasBlank = false
  readonly #db: IDBDatabase
  readonly #release: () => void
  #epoch = 0
  /** What was read when it was opened, until the engine has it. */
  #head: Head | undefined

  private constructor(db: IDBDatabase, release: () => void) {
    this.#db = db
    this.#release = release
    const gone = () => {
      const why = 'the database was removed, or the data of this site cleared'
      this.failure ??= fault('StorageLost', `${why}; open it again to start anew`)
      db.close()
      // Whether or not anybody has called.
      self.postMessage({ type: 'lost', error: this.failure } satisfies FromHost)
    }
    db.onversionchange = gone
    db.onclose = gone
  }

  /** Opens the chunks of `name`, waiting for whoever has them. */
  static async open(name: string, create: boolean): Promise<ChunkStore> {
    const release = await hold(name)
    try {
      const store = new ChunkStore(await connect(name, create), release)
      await store.#take()
      return store
    } catch (error) {
      release()
      throw toFault(error)
    }
  }

  /** The engine over the files, started. */
  async start({ overChunks }: typeof Engine, options: object): Promise<Engine> {
    const head = this.#head as Head
    this.#head = undefined
    const engine = overChunks(options, ...head.sizes)
    await this.#start(engine, head)
    await this.serve(engine)
    return engine
  }

  async serve(engine: Engine): Promise<void> {
    try {
      const missing = engine.missingChunks()
      if (missing.length > 0) await this.#fetch(engine, missing)
      const batch = engine.takeBatch() as unknown as Batch | undefined
      if (batch === undefined) return
      await this.#store(batch)
      engine.batchStored()
    } catch (error) {
      // What the engine itself has thrown is not about IndexedDB.
      if (error !== null && !(error instanceof DOMException)) throw error
      throw await this.#startAgain(engine, error)
    }
  }

  /**
   * Has the engine go on from what is stored: what it holds besides has not been. Returns why it
   * had to, and keeps that where it cannot go on.
   */
  async #startAgain(engine: Engine, error: DOMException | null): Promise<WireError> {
    const why = this.failure ?? toFault(error)
    try {
      if (this.failure === undefined) {
        const transaction = this.#db.transaction(STORE, 'readonly')
        const head = await this.#read(transaction)
        if (this.failure === undefined) {
          engine.discard(...head.sizes)
          await this.#start(engine, head)
        }
      }
    } catch {
      this.failure ??= why
    }
    return why
  }

  async #start(engine: Engine, { ahead }: Head): Promise<void> {
    for (const [file, number, bytes] of ahead) engine.supplyChunk(file, number, bytes)
    for (;;) {
      try {
        return engine.start()
      } catch (error) {
        if (!isMissing(error)) throw error
        await this.#fetch(engine, engine.missingChunks())
      }
    }
  }

  close(): void {
    this.#db.close()
    this.#release()
  }

  /** Becomes the owner, and reads what every open needs. */
  async #take(): Promise<void> {
    const transaction = this.#db.transaction(STORE, 'readwrite')
    const store = transaction.objectStore(STORE)
    const owner = store.get(OWNER)
    owner.onsuccess = () => {
      this.#epoch = (owner.result ?? 0) + 1
      store.put(this.#epoch, OWNER)
    }
    this.#head = await this.#read(transaction)
    this.wasBlank = this.#head.sizes[0].length === 0
  }

  async #read(transaction: IDBTransaction): Promise<Head> {
    const store = transaction.objectStore(STORE)
    const files = store.get(FILES)
    const heads = [0, 1, 2].map((file) => {
      const range = chunksOf(file, 0, file === 0 ? [0, HEAD_CHUNKS] : [file + 1])
      const last = store.openKeyCursor(chunksOf(file), 'prev')
      return { keys: store.getAllKeys(range), values: store.getAll(range), last }
    })
    await done(transaction)
    const { lengths = new Float64Array(), chunkBytes = new Uint32Array() } = files.result ?? {}
    const extents = Uint32Array.from(heads, ({ last }) =>
      last.result ? numberOf(last.result.key) + 1 : 0,
    )
    return {
      sizes: [lengths, chunkBytes, extents],
      ahead: heads.flatMap(({ keys, values }, file) =>
        keys.result.map((key, at): Found => [file, numberOf(key), values.result[at]]),
      ),
    }
  }

  async #fetch(engine: Engine, missing: Uint32Array): Promise<void> {
    const transaction = this.#db.transaction(STORE, 'readonly')
    const store = transaction.objectStore(STORE)
    for (let at = 0; at < missing.length; at += 2) {
      const [file, number] = [Number(missing[at]), Number(missing[at + 1])]
      const chunk = store.get([file, number])
      chunk.onsuccess = () => engine.supplyChunk(file, number, chunk.result ?? new Uint8Array(0))
    }
    await done(transaction)
  }

  async #store(batch: Batch): Promise<void> {
    const durability = batch[0] ? 'strict' : 'relaxed'
    const transaction = this.#db.transaction(STORE, 'readwrite', { durability })
    const stored = done(transaction)
    try {
      this.#put(transaction, batch)
    } catch (error) {
      // What was asked for before must not happen without the rest.
      transaction.abort()
      await stored.catch(() => {})
      throw error
    }
    await stored
  }

  #put(transaction: IDBTransaction, [, lengths, chunkBytes, cuts, keys, chunks]: Batch): void {
    const store = transaction.objectStore(STORE)
    const owner = store.get(OWNER)
    owner.onsuccess = () => {
      if (owner.result === this.#epoch) return
      this.failure = fault('Locked', 'another tab or worker has taken the database; close it there')
      transaction.abort()
    }
    cuts.forEach((cut, file) => {
      if (cut < Infinity) store.delete(chunksOf(file, cut))
    })
    chunks.forEach((bytes, at) => {
      store.put(bytes, [...keys.subarray(2 * at, 2 * at + 2)])
    })
    store.put({ lengths, chunkBytes }, FILES)
  }
}

/** Deletes the chunks of a database. */
export async function removeChunked(name: string): Promise<void> {
  const release = await hold(name)
  try {
    await answered(indexedDB.deleteDatabase(name))
  } catch (error) {
    throw toFault(error)
  } finally {
    release()
  }
}

async function connect(name: string, create: boolean): Promise<IDBDatabase> {
  if (typeof indexedDB === 'undefined') {
    throw fault('Unsupported', "this browser has no IndexedDB; open it with storage: 'memory'")
  }
  const opening = indexedDB.open(name, 1)
  let missing = false
  opening.onupgradeneeded = () => {
    missing = !create
    if (create) opening.result.createObjectStore(STORE)
    else opening.transaction?.abort()
  }
  try {
    return await answered(opening)
  } catch (error) {
    if (!missing) throw error
    const advice = 'check the name, or let it be created'
    throw fault('NotFound', `there is no database of this name here; ${advice}`)
  }
}

/** Keeps others away from a database, until what it returns is called. */
function hold(name: string): Promise<() => void> {
  return new Promise((resolve, reject) => {
    // Pages that are not secure have none: the owner's record must do.
    if (navigator.locks === undefined) return resolve(() => {})
    const signal = AbortSignal.timeout(LOCK_MS)
    navigator.locks
      .request(name, { signal }, () => new Promise<void>((free) => resolve(free)))
      .catch(() =>
        reject(fault('Locked', `the database is still held after ${LOCK_MS} ms: ${HELD}`)),
      )
  })
}

/** The keys of a file's chunks from one on. */
function chunksOf(file: number, from = 0, to: readonly number[] = [file + 1]): IDBKeyRange {
  return IDBKeyRange.bound([file, from], to, false, true)
}

function numberOf(key: IDBValidKey): number {
  return (key as [number, number])[1]
}

function answered<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error)
  })
}

function done(transaction: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve()
    transaction.onabort = () => reject(transaction.error)
  })
}

/** The error that an exception of the platform stands for. */
function toFault(error: unknown): WireError {
  if (typeof error === 'object' && error !== null && 'kind' in error) return error as WireError
  const { name = 'AbortError', message = '' } = (error ?? {}) as { name?: string; message?: string }
  const what = `IndexedDB has failed (${name}: ${message})`
  switch (name) {
    case 'QuotaExceededError':
      return fault('QuotaExceeded', `${what}; what was acknowledged is safe; make room`)
    case 'InvalidStateError':
    case 'NotFoundError':
      return fault('StorageLost', `the browser took the data away: ${what}; open it again`)
    case 'SecurityError':
      return fault('Unsupported', `this page may not use IndexedDB: ${what}; use another storage`)
    default:
      return fault('Io', `${what}; what was acknowledged is safe; try again`)
  }
}
