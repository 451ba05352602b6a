/**
 * The files of a database as chunks in IndexedDB. FORMAT.md, section 8, has the layout.
 *
 * IndexedDB has no handle that is exclusive. A lock of the browser keeps others out, where there
 * are locks; and the record `owner` names the one who opened last, so that nobody else can store.
 */

import type { Engine } from '../build/wasm/entidb.js'
import type { WireError } from './errors.js'
import type { Backing } from './patience.js'
import { fault } from './wire.js'

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
const AGAIN = 'what was acknowledged is safe; open the database again'

/** The record of what the chunks do not tell; of each file one. */
interface Files {
  readonly lengths: Float64Array
  readonly chunkBytes: Uint32Array
}

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

/** The chunks of one database, which is open nowhere else. */
export class ChunkStore implements Backing {
  failure: WireError | undefined
  readonly #db: IDBDatabase
  readonly #release: () => void
  #epoch = 0
  #files: Files | undefined
  #extents = new Uint32Array()
  #ahead: readonly Found[] = []

  private constructor(db: IDBDatabase, release: () => void) {
    this.#db = db
    this.#release = release
    const gone = () => {
      const why = 'the database was removed, or the data of this site cleared'
      this.failure ??= fault('StorageLost', `${why}; open it again to start anew`)
      db.close()
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
      throw toFault(error, 'opened')
    }
  }

  /** Whether nothing was ever stored. */
  get isBlank(): boolean {
    return this.#files === undefined
  }

  /** An engine over the files, which has not started yet but knows what was read ahead. */
  engine({ overChunks }: typeof Engine, options: object): Engine {
    const { lengths = new Float64Array(), chunkBytes = new Uint32Array() } = this.#files ?? {}
    const engine = overChunks(options, lengths, chunkBytes, this.#extents)
    for (const [file, number, bytes] of this.#ahead) engine.supplyChunk(file, number, bytes)
    this.#ahead = []
    return engine
  }

  async serve(engine: Engine): Promise<void> {
    const missing = engine.missingChunks()
    if (missing.length > 0) await this.#fetch(engine, missing)
    const batch = engine.takeBatch() as unknown as Batch | undefined
    if (batch === undefined) return
    try {
      await this.#store(batch)
    } catch (error) {
      this.failure ??= toFault(error, 'stored')
      throw this.failure
    }
    engine.batchStored()
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
    owner.onsuccess = () => store.put((owner.result ?? 0) + 1, OWNER)
    const files = store.get(FILES)
    const ahead = [0, 1, 2].map((file) => {
      const range = chunksOf(file, 0, file === 0 ? [0, HEAD_CHUNKS] : [file + 1])
      const last = store.openKeyCursor(chunksOf(file), 'prev')
      return { keys: store.getAllKeys(range), values: store.getAll(range), last }
    })
    await done(transaction)
    this.#epoch = (owner.result ?? 0) + 1
    this.#files = files.result
    this.#ahead = ahead.flatMap(({ keys, values }, file) =>
      keys.result.map((key, at): Found => [file, numberOf(key), values.result[at]]),
    )
    this.#extents = Uint32Array.from(ahead, ({ last }) =>
      last.result ? numberOf(last.result.key) + 1 : 0,
    )
  }

  async #fetch(engine: Engine, missing: Uint32Array): Promise<void> {
    try {
      const transaction = this.#db.transaction(STORE, 'readonly')
      const store = transaction.objectStore(STORE)
      for (let at = 0; at < missing.length; at += 2) {
        const [file, number] = [Number(missing[at]), Number(missing[at + 1])]
        const chunk = store.get([file, number])
        chunk.onsuccess = () => engine.supplyChunk(file, number, chunk.result ?? new Uint8Array(0))
      }
      await done(transaction)
    } catch (error) {
      throw this.failure ?? toFault(error, 'read')
    }
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
    throw toFault(error, 'removed')
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
function toFault(error: unknown, done: string): WireError {
  if (typeof error === 'object' && error !== null && 'kind' in error) return error as WireError
  const { name = 'AbortError', message = '' } = (error ?? {}) as { name?: string; message?: string }
  const what = `the database could not be ${done} (${name}: ${message})`
  switch (name) {
    case 'QuotaExceededError':
      return fault('QuotaExceeded', `the browser gives this site no more room: ${what}; ${AGAIN}`)
    case 'InvalidStateError':
    case 'NotFoundError':
      return fault('StorageLost', `the browser took the data away: ${what}; open it again`)
    case 'SecurityError':
      return fault('Unsupported', `this page may not use IndexedDB: ${what}; use another storage`)
    default:
      return fault('Io', `${what}; ${AGAIN}`)
  }
}
