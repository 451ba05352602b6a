import type { EntidbError } from '../errors.js'
import type { ReservedName } from '../names.js'
import type { Collection, ReadCollection, TransactionCollection } from './collection.js'
import type { CollectionOptions, DocumentOf, NoSchema, Schema } from './declare.js'
import type { Durability, LongCallOptions } from './open.js'
import type { Awaitable } from './query.js'
import type { CompactionResult, Stats, StorageInfo } from './report.js'
import type { AnyDocument, Entity } from './values.js'

/**
 * The declared collections of `S` that become properties.
 *
 * @example
 * type N = PropertyName<{ tasks: CollectionDeclaration; stats: CollectionDeclaration }> // 'tasks'
 */
export type PropertyName<S> = string extends keyof S
  ? never
  : Exclude<keyof S & string, ReservedName>

/**
 * How a transaction is run.
 *
 * @example
 * await db.transaction(work, { timeout: 2_000, durability: 'relaxed' })
 */
export interface TransactionOptions {
  /** Rolls back with `Aborted`. */
  readonly signal?: AbortSignal
  /** Milliseconds after which it rolls back with `Timeout`. Default 10,000. */
  readonly timeout?: number
  /** When the call resolves, if not as the database was opened. */
  readonly durability?: Durability
}

/**
 * How a snapshot is read.
 *
 * @example
 * await db.read(work, { signal })
 */
export interface ReadOptions {
  /** Gives up with `Aborted`. */
  readonly signal?: AbortSignal
}

/** The methods of a transaction, apart from its collections. */
interface TransactionMethods<S extends Schema> {
  /** The collection `name` inside this transaction. */
  collection<N extends keyof S & string>(name: N): TransactionCollection<DocumentOf<S, N>>
  collection<T extends Entity = AnyDocument>(name: string): TransactionCollection<T>
}

/** The methods of a snapshot, apart from its collections. */
interface SnapshotMethods<S extends Schema> {
  /** The collection `name` as this snapshot sees it. */
  collection<N extends keyof S & string>(name: N): ReadCollection<DocumentOf<S, N>>
  collection<T extends Entity = AnyDocument>(name: string): ReadCollection<T>
}

/**
 * A serializable transaction: everything is read from one snapshot and from its own writes, and
 * all of it is committed or none.
 *
 * @example
 * const move = async (tx: TransactionContext<typeof schema>) => { await tx.tasks.delete(id) }
 */
export type TransactionContext<S extends Schema = NoSchema> = TransactionMethods<S> & {
  readonly [N in PropertyName<S>]: TransactionCollection<DocumentOf<S, N>>
}

/**
 * One consistent, read-only state of the database. Left unused for 60 seconds it expires, and
 * reading is `SnapshotExpired`.
 *
 * @example
 * const total = await db.read(async (snap) => (await snap.a.count()) + (await snap.b.count()))
 */
export type Snapshot<S extends Schema = NoSchema> = SnapshotMethods<S> & {
  readonly [N in PropertyName<S>]: ReadCollection<DocumentOf<S, N>>
}

/** The methods of a database, apart from its collections. */
interface DatabaseMethods<S extends Schema> extends AsyncDisposable {
  /** The name it was opened by. */
  readonly name: string
  /**
   * The collection `name`; the only way to one that is not declared or has a reserved name. It
   * makes no collection: using one that does not exist is `NotFound`.
   * @example const tasks = db.collection('tasks')
   */
  collection<N extends keyof S & string>(name: N): Collection<DocumentOf<S, N>>
  collection<T extends Entity = AnyDocument>(name: string): Collection<T>
  /**
   * Makes a collection. `AlreadyExists` where there is one.
   * @example const logs = await db.createCollection<Log>('logs', { indexes: [index('at')] })
   */
  createCollection<T extends Entity = AnyDocument>(
    name: string,
    options?: CollectionOptions<T>,
  ): Promise<Collection<T>>
  /**
   * Drops a collection with its documents and indexes. `NotFound` where there is none.
   * @example await db.dropCollection('logs')
   */
  dropCollection(name: string): Promise<void>
  /**
   * Runs `work` as one transaction and resolves with what it returns once that is durable. Throwing
   * rolls back. Where another commit came between it is run again, up to 10 times, then
   * `Conflict`: it must do nothing outside that it could not do twice. Nesting is `InvalidInput`.
   * @example
   * await db.transaction(async (tx) => {
   *   await tx.accounts.update('a', (a) => ({ ...a, balance: a.balance - 10 }))
   *   await tx.accounts.update('b', (b) => ({ ...b, balance: b.balance + 10 }))
   * })
   */
  transaction<R>(
    work: (tx: TransactionContext<S>) => Awaitable<R>,
    options?: TransactionOptions,
  ): Promise<R>
  /**
   * Runs `work` over one consistent, read-only snapshot and resolves with what it returns.
   * @example const both = await db.read((snap) => Promise.all([snap.a.count(), snap.b.count()]))
   */
  read<R>(work: (snap: Snapshot<S>) => Awaitable<R>, options?: ReadOptions): Promise<R>
  /**
   * Moves what is in the log to its place and empties it. Nothing depends on it but the time that
   * the next `open` takes.
   * @example await db.checkpoint()
   */
  checkpoint(): Promise<void>
  /**
   * Merges everything and gives space back. It goes on by itself in small steps; this does all now.
   * @example const { bytesSaved } = await db.compact({ onProgress })
   */
  compact(options?: LongCallOptions): Promise<CompactionResult>
  /**
   * What was done since the database was opened, and how large it is.
   * @example const { scans } = await db.stats()
   */
  stats(): Promise<Stats>
  /**
   * Where it is kept and how safely.
   * @example const { backend, usage, quota } = await db.storage()
   */
  storage(): Promise<StorageInfo>
  /**
   * Asks the browser not to evict the data of this origin, and says what it answered.
   * @example if (!(await db.persist())) warn('the browser may delete the data')
   */
  persist(): Promise<boolean>
  /**
   * The version of the application's schema that the database has.
   * @example if ((await db.schemaVersion()) < 3) showWhatIsNew()
   */
  schemaVersion(): Promise<number>
  /**
   * Calls `listener` until the function returned is called. `error`: work in the background has
   * failed that no call is rejected for, or the worker that hosts the database is lost. `warning`:
   * the database is not in the storage that `auto` prefers.
   * @example const stop = db.on('error', (error) => report(error))
   */
  on(type: 'error' | 'warning', listener: (error: EntidbError) => void): () => void
  /**
   * Waits for what is under way and closes. Every later call is `Closed`. `await using` calls it.
   * @example await db.close()
   */
  close(): Promise<void>
}

/**
 * An open database with its declared collections as properties.
 *
 * @example
 * const schema = { tasks: collection<Task>() }
 * const db: Database<typeof schema> = await open('tasks', { collections: schema })
 * await db.tasks.put({ title: 'Write' })
 */
export type Database<S extends Schema = NoSchema> = DatabaseMethods<S> & {
  readonly [N in PropertyName<S>]: Collection<DocumentOf<S, N>>
}
