import type { Durability, StorageBackend } from './open.js'

/**
 * Where a database is kept and how safely.
 *
 * @example
 * const { backend, persisted } = await db.storage()
 */
export interface StorageInfo {
  /** The storage in use. */
  readonly backend: StorageBackend
  /** When writes are acknowledged unless a call says otherwise. */
  readonly durability: Durability
  /** Whether the browser has promised not to evict the data of this origin. */
  readonly persisted: boolean
  /** Bytes that the origin uses, as the browser estimates; absent where it does not say. */
  readonly usage?: number
  /** Bytes that the origin may use, as the browser estimates; absent where it does not say. */
  readonly quota?: number
  /** Whether this `open` made the database. */
  readonly created: boolean
}

/**
 * What was done since the database was opened, and how large it is now.
 *
 * @example
 * const { scans, cache } = await db.stats()
 */
export interface Stats {
  /** Documents read by id. */
  readonly reads: number
  /** Documents written. */
  readonly writes: number
  /** Documents deleted. */
  readonly deletes: number
  /** Scans of a collection. */
  readonly scans: number
  /** Queries that went through an index. */
  readonly indexLookups: number
  /** Index entries and documents that queries went over. */
  readonly entriesExamined: number
  /** Commits, of transactions and of single writes. */
  readonly commits: number
  /** Snapshots, transactions and cursors that are open. */
  readonly snapshots: number
  readonly transactions: {
    readonly started: number
    readonly committed: number
    readonly aborted: number
  }
  /** Bytes read from the storage. */
  readonly bytesRead: number
  /** Bytes written to the storage. */
  readonly bytesWritten: number
  /** Syncs asked of the storage; writes that wait together share one. */
  readonly syncs: number
  /** Times the log was emptied. */
  readonly checkpoints: number
  /** Times the sorted writes in memory became a segment. */
  readonly flushes: number
  /** Calls that failed. */
  readonly errors: number
  /** Decoded blocks in memory. */
  readonly cache: {
    readonly bytes: number
    readonly hits: number
    readonly misses: number
  }
  /** Bytes of the logs that are in use. */
  readonly logBytes: number
  /** Bytes of the volume. */
  readonly volumeBytes: number
  /** The levels of the store, the newest first. */
  readonly levels: readonly { readonly bytes: number }[]
}

/**
 * What a compaction did.
 *
 * @example
 * const { bytesSaved } = await db.compact()
 */
export interface CompactionResult {
  /** Entries read. */
  readonly inputRecords: number
  /** Entries written. */
  readonly outputRecords: number
  /** Marks of deletion that were no longer needed. */
  readonly tombstonesRemoved: number
  /** Versions that no reader could see any more. */
  readonly obsoleteVersionsRemoved: number
  /** Bytes that the segments take less than before. */
  readonly bytesSaved: number
}

/**
 * An index as it is.
 *
 * @example
 * for (const { paths, entries } of await db.tasks.indexes()) console.log(paths, entries)
 */
export interface IndexInfo {
  /** The dotted paths, in order. */
  readonly paths: readonly string[]
  /** Whether no two documents share a value. */
  readonly unique: boolean
  /** Whether there is one entry per array element. */
  readonly each: boolean
  /** Whether it answers ranges. */
  readonly kind: 'ordered' | 'hash'
  /** Whether it can be used yet. */
  readonly state: 'building' | 'ready'
  /** How many entries it has. */
  readonly entries: number
  /** About how many different keys it has. */
  readonly distinctKeys: number
}

/**
 * How a query was answered.
 *
 * @example
 * const { path, examined } = await db.tasks.findBy('projectId', 'p1').explain()
 */
export interface Explanation {
  /** The access path: the declaration of the index, such as `index('due')`, or `scan`. */
  readonly path: string
  /** Whether it is gone through from its end to its start. */
  readonly reverse: boolean
  /** Entries that were looked at. */
  readonly examined: number
  /** Documents that came out of the engine, before the closures of the caller. */
  readonly returned: number
}
