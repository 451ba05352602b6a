import type { Stats } from './types/report.js'

type Counts = Omit<
  Stats,
  'transactions' | 'bytesRead' | 'bytesWritten' | 'syncs' | 'flushes' | 'cache' | SizeNames
>
type SizeNames = 'logBytes' | 'volumeBytes' | 'levels'

/** The statistics of the engine, under its names. */
interface RawStats extends Counts {
  readonly transactionsStarted: number
  readonly transactionsCommitted: number
  readonly transactionsAborted: number
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
  const {
    transactionsStarted: started,
    transactionsCommitted: committed,
    transactionsAborted: aborted,
    store,
    ...counts
  } = raw as RawStats
  const { bytesRead, bytesWritten, logBytes, volumeBytes, flushes } = store
  return {
    ...counts,
    transactions: { started, committed, aborted },
    bytesRead,
    bytesWritten,
    syncs: store.storageSyncs,
    flushes,
    cache: { bytes: store.cacheBytes, hits: store.cacheHits, misses: store.cacheMisses },
    logBytes,
    volumeBytes,
    levels: store.levelBytes.map((bytes) => ({ bytes })),
  }
}
