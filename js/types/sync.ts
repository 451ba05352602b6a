import type { MatchOptions } from './collection.js'
import type { PropertyName } from './database.js'
import type {
  CollectionOptions,
  DocumentOf,
  IndexDeclaration,
  NoSchema,
  Schema,
} from './declare.js'
import type { Durability } from './open.js'
import type { Bounds, IdBounds, KeyAt, KeysAt, Path, Paths, TupleBounds } from './paths.js'
import type { CompactionResult, Explanation, IndexInfo, Stats, StorageInfo } from './report.js'
import type { AnyDocument, Entity, IdOf, Input, Patch } from './values.js'

/**
 * What a query of `entidb/sync` answers: as `Query`, but a plain iterable.
 *
 * @example
 * for (const task of db.tasks.findBy('projectId', 'p1').take(20)) show(task)
 */
export interface SyncQuery<T> extends Iterable<T> {
  /** Those for which `predicate` holds. */
  filter<U extends T>(predicate: (value: T, index: number) => value is U): SyncQuery<U>
  filter(predicate: (value: T, index: number) => boolean): SyncQuery<T>
  /** What `mapper` makes of each. */
  map<U>(mapper: (value: T, index: number) => U): SyncQuery<U>
  /** The first `limit` of them. */
  take(limit: number): SyncQuery<T>
  /** All but the first `count` of them. */
  drop(count: number): SyncQuery<T>
  /** Everything in what `mapper` makes of each. */
  flatMap<U>(mapper: (value: T, index: number) => Iterable<U>): SyncQuery<U>
  /** The same the other way round. */
  reverse(): SyncQuery<T>
  /** Calls `visit` for each, one after the other. */
  forEach(visit: (value: T, index: number) => void): void
  /** Whether `predicate` holds for any; stops at the first. */
  some(predicate: (value: T, index: number) => boolean): boolean
  /** Whether `predicate` holds for all; stops at the first for which it does not. */
  every(predicate: (value: T, index: number) => boolean): boolean
  /** The first for which `predicate` holds. */
  find<U extends T>(predicate: (value: T, index: number) => value is U): U | undefined
  find(predicate: (value: T, index: number) => boolean): T | undefined
  /** All of them folded into one. Without `initial`, `InvalidInput` where there are none. */
  reduce(reducer: (memo: T, value: T, index: number) => T): T
  reduce<U>(reducer: (memo: U, value: T, index: number) => U, initial: U): U
  /** All of them, in memory at once. */
  toArray(): T[]
  /** The first one. */
  first(): T | undefined
  /** How many there are. */
  count(): number
  /** The ids of the documents, without reading those. */
  ids(): IdOf<T>[]
  /** How it is answered, found out by running it. */
  explain(): Explanation
}

/**
 * The reading half of a collection of `entidb/sync`; see `ReadCollection`.
 *
 * @example
 * const overdue = (tasks: SyncReadCollection<Task>) => tasks.range('due', { lt: new Date() })
 */
export interface SyncReadCollection<T extends Entity> {
  /** The collection's name. */
  readonly name: string
  /** The document with this id. */
  get(id: T['id']): T | undefined
  /** The documents with these ids, in the order asked. */
  getMany(ids: Iterable<T['id']>): (T | undefined)[]
  /** Whether there is a document with this id. */
  has(id: T['id']): boolean
  /** How many documents there are, without looking at them. */
  count(): number
  /** The SHA-256 of the canonical document in hex; `undefined` where there is none. */
  hash(id: T['id']): string | undefined
  /** The documents that have these values, by an index; `IndexRequired` where there is none. */
  findBy<P extends Path<T>>(path: P, value: KeyAt<T, P>): SyncQuery<T>
  findBy<const P extends Paths<T>>(paths: P, values: KeysAt<T, P>): SyncQuery<T>
  /** The documents within the bounds, in the order of the index. */
  range<P extends Path<T>>(path: P, bounds?: Bounds<KeyAt<T, P>>): SyncQuery<T>
  range<const P extends Paths<T>>(paths: P, bounds?: TupleBounds<KeysAt<T, P>>): SyncQuery<T>
  /** All documents, or those within the bounds, in the order of their ids. */
  scan(bounds?: IdBounds<T>): SyncQuery<T>
}

/**
 * A collection inside a transaction of `entidb/sync`; see `TransactionCollection`.
 *
 * @example
 * db.transaction((tx) => tx.tasks.update(id, { done: true }))
 */
export interface SyncTransactionCollection<T extends Entity> extends SyncReadCollection<T> {
  /** Stores a new document, or several; `AlreadyExists` where one is there. */
  insert(doc: Input<T>): T['id']
  insert(docs: readonly Input<T>[]): T['id'][]
  /** Stores a document, or several, whether or not they were there. */
  put(doc: Input<T>, options?: MatchOptions): T['id']
  put(docs: readonly Input<T>[], options?: MatchOptions): T['id'][]
  /** Changes a stored document and returns the new one; `NotFound` where there is none. */
  update(id: T['id'], change: Patch<T> | ((doc: T) => T)): T
  /** Deletes a document, or several, and returns how many were there. */
  delete(ids: T['id'] | readonly T['id'][]): number
  /** Deletes all documents, in one step however many there are. */
  clear(): void
}

/**
 * A collection of `entidb/sync`: every call returns when it is done, a write when it is durable.
 *
 * @example
 * const id = db.tasks.put({ title: 'Write' })
 */
export interface SyncCollection<T extends Entity> extends SyncTransactionCollection<T> {
  /** Adds an index and builds it; `UniqueViolation` where documents share what it keeps apart. */
  createIndex(declaration: IndexDeclaration<Path<T>>): void
  /** Drops an index; `NotFound` where there is none like it. */
  dropIndex(declaration: IndexDeclaration<Path<T>>): void
  /** The indexes with their state and size. */
  indexes(): IndexInfo[]
}

/**
 * A transaction of `entidb/sync`; see `TransactionContext`.
 *
 * @example
 * const move = (tx: SyncTransactionContext<typeof schema>) => tx.tasks.delete(id)
 */
export type SyncTransactionContext<S extends Schema = NoSchema> = {
  /** The collection `name` inside this transaction. */
  collection<N extends keyof S & string>(name: N): SyncTransactionCollection<DocumentOf<S, N>>
  collection<T extends Entity = AnyDocument>(name: string): SyncTransactionCollection<T>
} & { readonly [N in PropertyName<S>]: SyncTransactionCollection<DocumentOf<S, N>> }

/**
 * A snapshot of `entidb/sync`; see `Snapshot`.
 *
 * @example
 * const total = db.read((snap) => snap.a.count() + snap.b.count())
 */
export type SyncSnapshot<S extends Schema = NoSchema> = {
  /** The collection `name` as this snapshot sees it. */
  collection<N extends keyof S & string>(name: N): SyncReadCollection<DocumentOf<S, N>>
  collection<T extends Entity = AnyDocument>(name: string): SyncReadCollection<T>
} & { readonly [N in PropertyName<S>]: SyncReadCollection<DocumentOf<S, N>> }

/** The methods of a database of `entidb/sync`, apart from its collections. */
interface SyncDatabaseMethods<S extends Schema> extends Disposable {
  /** The name it was opened by. */
  readonly name: string
  /** The collection `name`; using one that does not exist is `NotFound`. */
  collection<N extends keyof S & string>(name: N): SyncCollection<DocumentOf<S, N>>
  collection<T extends Entity = AnyDocument>(name: string): SyncCollection<T>
  /** Makes a collection; `AlreadyExists` where there is one. */
  createCollection<T extends Entity = AnyDocument>(
    name: string,
    options?: CollectionOptions<T>,
  ): SyncCollection<T>
  /** Drops a collection with its documents and indexes; `NotFound` where there is none. */
  dropCollection(name: string): void
  /** Runs `work` as one transaction; throwing rolls back. Nesting is `InvalidInput`. */
  transaction<R>(
    work: (tx: SyncTransactionContext<S>) => R,
    options?: { readonly durability?: Durability },
  ): R
  /** Runs `work` over one consistent, read-only snapshot. */
  read<R>(work: (snap: SyncSnapshot<S>) => R): R
  /** Moves what is in the log to its place and empties it. */
  checkpoint(): void
  /** Merges everything and gives space back. */
  compact(): CompactionResult
  /** What was done since the database was opened, and how large it is. */
  stats(): Stats
  /** Where it is kept and how safely; the browser answers this one asynchronously. */
  storage(): Promise<StorageInfo>
  /** The version of the application's schema that the database has. */
  schemaVersion(): number
  /** Closes; every later call is `Closed`. `using` calls it. */
  close(): void
}

/**
 * An open database for code that runs in a dedicated worker of its own, without messages between
 * it and the engine.
 *
 * @example
 * const db = await open('tasks', { collections: { tasks: collection<Task>() } }) // entidb/sync
 * db.tasks.put({ title: 'Write' })
 */
export type SyncDatabase<S extends Schema = NoSchema> = SyncDatabaseMethods<S> & {
  readonly [N in PropertyName<S>]: SyncCollection<DocumentOf<S, N>>
}
