import type { IndexDeclaration } from './declare.js'
import type { Durability, LongCallOptions } from './open.js'
import type { Bounds, IdBounds, KeyAt, KeysAt, Path, Paths, TupleBounds } from './paths.js'
import type { Query } from './query.js'
import type { IndexInfo } from './report.js'
import type { Entity, Input, Patch } from './values.js'

/**
 * A condition on what is replaced.
 *
 * @example
 * await db.tasks.put(task, { ifMatch: await db.tasks.hash(task.id) ?? null })
 */
export interface MatchOptions {
  /** The hash that the stored document must have, `null` for none stored; else `Conflict`. */
  readonly ifMatch?: string | null
}

/**
 * How documents are put.
 *
 * @example
 * await db.visits.put(visit, { durability: 'relaxed' })
 */
export interface PutOptions extends MatchOptions {
  /** When the call resolves, if not as the database was opened. */
  readonly durability?: Durability
}

/**
 * The reading half of a collection: what a snapshot offers, and transactions and collections too.
 *
 * @example
 * const overdue = (tasks: ReadCollection<Task>) => tasks.range('due', { lt: new Date() })
 */
export interface ReadCollection<T extends Entity> {
  /**
   * The collection's name.
   * @example db.tasks.name // 'tasks'
   */
  readonly name: string
  /**
   * The document with this id.
   * @example const task = await db.tasks.get(id)
   */
  get(id: T['id']): Promise<T | undefined>
  /**
   * The documents with these ids, in the order asked.
   * @example const [a, b] = await db.tasks.getMany(['a', 'b'])
   */
  getMany(ids: Iterable<T['id']>): Promise<(T | undefined)[]>
  /**
   * Whether there is a document with this id.
   * @example if (await db.tasks.has(id)) open(id)
   */
  has(id: T['id']): Promise<boolean>
  /**
   * How many documents there are, without looking at them.
   * @example const n = await db.tasks.count()
   */
  count(): Promise<number>
  /**
   * The SHA-256 of the canonical document in hex, for `ifMatch`; `undefined` where there is none.
   * @example const before = await db.tasks.hash(id)
   */
  hash(id: T['id']): Promise<string | undefined>
  /**
   * The documents that have `value` at `path`, or `values` at several paths, by an index that
   * starts with them. `IndexRequired` names the declaration to add where there is none.
   * @example db.tasks.findBy('projectId', 'p1')
   * @example db.tasks.findBy(['projectId', 'due'], ['p1', today])
   */
  findBy<P extends Path<T>>(path: P, value: KeyAt<T, P>): Query<T>
  findBy<const P extends Paths<T>>(paths: P, values: KeysAt<T, P>): Query<T>
  /**
   * The documents whose values at `path`, or at several paths, are within the bounds, in the order
   * of the index. `IndexRequired` where there is none.
   * @example db.tasks.range('due', { lt: new Date() })
   * @example db.tasks.range(['projectId', 'due'], { prefix: ['p1'], gte: new Date() })
   */
  range<P extends Path<T>>(path: P, bounds?: Bounds<KeyAt<T, P>>): Query<T>
  range<const P extends Paths<T>>(paths: P, bounds?: TupleBounds<KeysAt<T, P>>): Query<T>
  /**
   * All documents, or those within the bounds, in the order of their ids. This is the only way to
   * go through a whole collection, and `stats()` counts it.
   * @example for await (const task of db.tasks.scan()) show(task)
   */
  scan(bounds?: IdBounds<T>): Query<T>
}

/**
 * A collection inside a transaction: reads see its writes, and nobody else does before it commits.
 *
 * @example
 * await db.transaction(async (tx) => { await tx.tasks.delete(id) })
 */
export interface TransactionCollection<T extends Entity> extends ReadCollection<T> {
  /**
   * Stores a new document, or several, and returns their ids. `AlreadyExists` where one is there.
   * @example const id = await tx.tasks.insert({ title: 'Write' })
   */
  insert(doc: Input<T>): Promise<T['id']>
  insert(docs: readonly Input<T>[]): Promise<T['id'][]>
  /**
   * Stores a document, or several, whether or not they were there, and returns their ids.
   * @example await tx.tasks.put(task)
   */
  put(doc: Input<T>, options?: MatchOptions): Promise<T['id']>
  put(docs: readonly Input<T>[], options?: MatchOptions): Promise<T['id'][]>
  /**
   * Changes a stored document and returns the new one. `NotFound` where there is none.
   * @example await tx.accounts.update('a', (a) => ({ ...a, balance: a.balance - 10 }))
   */
  update(id: T['id'], change: Patch<T> | ((doc: T) => T)): Promise<T>
  /**
   * Deletes a document, or several, and returns how many were there.
   * @example await tx.tasks.delete(id)
   */
  delete(ids: T['id'] | readonly T['id'][]): Promise<number>
  /**
   * Deletes all documents, in one step however many there are.
   * @example await tx.tasks.clear()
   */
  clear(): Promise<void>
}

/**
 * A collection of documents of type `T`. Every write is a transaction of its own and resolves when
 * it is durable; writes that are not awaited one by one share a sync.
 *
 * @example
 * const id = await db.tasks.put({ title: 'Write', done: false })
 */
export interface Collection<T extends Entity> extends ReadCollection<T> {
  /**
   * Stores a new document and returns its id, or several, all or none. `AlreadyExists` where one
   * is there.
   * @example const id = await db.tasks.insert({ title: 'Write' })
   */
  insert(doc: Input<T>): Promise<T['id']>
  insert(docs: readonly Input<T>[]): Promise<T['id'][]>
  /**
   * Stores a document whether or not it was there and returns its id, or several in one
   * transaction. `Conflict` where `ifMatch` does not hold.
   * @example const id = await db.tasks.put({ title: 'Write' })
   */
  put(doc: Input<T>, options?: PutOptions): Promise<T['id']>
  put(docs: readonly Input<T>[], options?: PutOptions): Promise<T['id'][]>
  /**
   * Reads, changes and writes a document atomically and returns the new one. A closure is
   * synchronous, may run more than once, and must not change the id. `NotFound` where there is
   * none.
   * @example await db.tasks.update(id, { done: true })
   * @example await db.tasks.update(id, (task) => ({ ...task, tags: [...task.tags, 'late'] }))
   */
  update(id: T['id'], change: Patch<T> | ((doc: T) => T)): Promise<T>
  /**
   * Deletes a document, or several in one transaction, and returns how many were there.
   * @example await db.tasks.delete(['a', 'b'])
   */
  delete(ids: T['id'] | readonly T['id'][]): Promise<number>
  /**
   * Deletes all documents, in one step however many there are.
   * @example await db.tasks.clear()
   */
  clear(): Promise<void>
  /**
   * Adds an index and resolves when it is built; writes go on meanwhile. `UniqueViolation` where
   * documents share a value that it keeps apart.
   * @example await db.tasks.createIndex(index('due'), { onProgress })
   */
  createIndex(declaration: IndexDeclaration<Path<T>>, options?: LongCallOptions): Promise<void>
  /**
   * Drops an index. `NotFound` where there is none like it.
   * @example await db.tasks.dropIndex(index('due'))
   */
  dropIndex(declaration: IndexDeclaration<Path<T>>): Promise<void>
  /**
   * The indexes with their state and size.
   * @example const [first] = await db.tasks.indexes()
   */
  indexes(): Promise<IndexInfo[]>
}
