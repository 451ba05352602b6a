import type { Stats } from './types/report.js'

/** The statistics of the engine, under its names. */
interface RawStats {
  readonly reads: number
  readonly writes: number
  readonly deletes: number
  readonly scans: number
  readonly indexLookups: number
  readonly transactionsStarted: number
  readonly transactionsCommitted: number
  readonly transactionsAborted: number
  readonly checkpoints: number
  readonly errors: number
  readonly store: {
    readonly storageSyncs: number
    readonly bytesRead: number
    readonly bytesWritten: number
    readonly cacheHits: number
    readonly cacheMisses: number
    readonly cacheBytes: number
    readonly logBytes: number
    readonly levelBytes: readonly number[]
    readonly volumeBytes: number
    readonly flushes: number
  }
}

/** The statistics as they are published. */
export function statsOf(raw: unknown): Stats {
  const { reads, writes, deletes, scans, indexLookups, checkpoints, errors, ...rest } =
    raw as RawStats
  const { transactionsStarted, transactionsCommitted, transactionsAborted, store } = rest
  return {
    reads,
    writes,
    deletes,
    scans,
    indexLookups,
    transactions: {
      started: transactionsStarted,
      committed: transactionsCommitted,
      aborted: transactionsAborted,
    },
    bytesRead: store.bytesRead,
    bytesWritten: store.bytesWritten,
    syncs: store.storageSyncs,
    checkpoints,
    flushes: store.flushes,
    errors,
    cache: { bytes: store.cacheBytes, hits: store.cacheHits, misses: store.cacheMisses },
    logBytes: store.logBytes,
    volumeBytes: store.volumeBytes,
    levels: store.levelBytes.map((bytes) => ({ bytes })),
  }
}
