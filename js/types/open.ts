import type { NoSchema, Schema } from './declare.js'

/**
 * When a write is acknowledged. `strict`: once a loss of power cannot take it, on a disk that
 * honours a flush. `relaxed`: once closing or crashing the tab, the worker or the browser cannot
 * take it; a loss of power can take the last moments, never the order.
 *
 * @example
 * await db.visits.put(visit, { durability: 'relaxed' })
 */
export type Durability = 'strict' | 'relaxed'

/**
 * Where a database is kept. `auto` is OPFS, or IndexedDB where there is no OPFS, of which a
 * `warning` tells; and never memory.
 *
 * @example
 * const db = await open('scratch', { storage: 'memory' })
 */
export type StorageChoice = 'auto' | StorageBackend

/**
 * A storage that a database can be kept in: `opfs` and `indexeddb` last, `memory` ends with its
 * worker. `entidb/sync` has no `indexeddb`.
 *
 * @example
 * const { backend } = await db.storage()
 */
export type StorageBackend = 'opfs' | 'indexeddb' | 'memory'

/**
 * How far something that takes a while has come.
 *
 * @example
 * open('tasks', { onProgress: ({ phase, done, total }) => show(phase, done / total) })
 */
export interface Progress {
  /** What is being done, such as `recover`, `index` or `compact`. */
  readonly phase: string
  /** How much is done, in units of the phase: documents or bytes. */
  readonly done: number
  /** How much there is as far as is known; never less than `done`. */
  readonly total: number
  /** The collection concerned, if it is one. */
  readonly collection?: string
}

/**
 * How something that takes a while is watched and given up.
 *
 * @example
 * await db.compact({ signal: AbortSignal.timeout(5_000) })
 */
export interface LongCallOptions {
  /** Gives up with `Aborted`; what was done so far is kept or undone, never half visible. */
  readonly signal?: AbortSignal
  /** Called now and then, in the order of what happens. */
  readonly onProgress?: (progress: Progress) => void
}

/**
 * How a database is opened.
 *
 * @example
 * const db = await open('tasks', { collections: { tasks: collection<Task>() } })
 */
export interface OpenOptions<S extends Schema = NoSchema> extends LongCallOptions {
  /** The collections with their indexes; what exists undeclared is kept and left alone. */
  readonly collections?: S
  /**
   * The version of the application's schema, from 1 on. A database that has a later one is not
   * opened, but `VersionMismatch`. Default 1.
   */
  readonly version?: number
  /** Where it is kept. Default `auto`. */
  readonly storage?: StorageChoice
  /** When writes are acknowledged, unless a call says otherwise. Default `strict`. */
  readonly durability?: Durability
  /** Write nothing at all. Default `false`. */
  readonly readOnly?: boolean
  /** Make the database where there is none; otherwise `NotFound`. Default `true`. */
  readonly createIfMissing?: boolean
  /** Fail with `AlreadyExists` where there is one. Default `false`. */
  readonly errorIfExists?: boolean
}

/**
 * The versions of what is running.
 *
 * @example
 * const { library, format } = version()
 */
export interface VersionInfo {
  /** The version of the package. */
  readonly library: string
  /** The version of the stored format, such as `1.0`. */
  readonly format: string
  /** The version of the messages between a page and its worker. */
  readonly protocol: number
}
