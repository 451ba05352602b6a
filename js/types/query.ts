import type { Explanation } from './report.js'
import type { IdOf } from './values.js'

/**
 * A value, or a promise of one.
 *
 * @example
 * const load = (id: string): Awaitable<User> => cache.get(id) ?? fetchUser(id)
 */
export type Awaitable<T> = T | PromiseLike<T>

/**
 * What a query answers, lazily. It can be iterated again and again, each time over a snapshot of
 * its own, in pages of bounded memory. Its verbs are those of the language's iterator helpers and
 * apply in the order in which they are written: `take(3).reverse()` turns the three around.
 * `take`, `drop`, `reverse`, `count` and `ids` run in the engine as long as no closure comes first.
 *
 * @example
 * for await (const task of db.tasks.findBy('projectId', 'p1').take(20)) show(task)
 */
export interface Query<T> extends AsyncIterable<T> {
  /**
   * Those for which `predicate` holds.
   * @example query.filter((task) => !task.done)
   */
  filter<U extends T>(predicate: (value: T, index: number) => value is U): Query<U>
  filter(predicate: (value: T, index: number) => Awaitable<boolean>): Query<T>
  /**
   * What `mapper` makes of each.
   * @example query.map((task) => task.title)
   */
  map<U>(mapper: (value: T, index: number) => Awaitable<U>): Query<U>
  /**
   * The first `limit` of them. `InvalidInput` where that is no whole number from 0 on.
   * @example query.take(20)
   */
  take(limit: number): Query<T>
  /**
   * All but the first `count` of them. `InvalidInput` where that is no whole number from 0 on.
   * @example query.drop(40).take(20)
   */
  drop(count: number): Query<T>
  /**
   * Everything in what `mapper` makes of each.
   * @example query.flatMap((task) => task.tags)
   */
  flatMap<U>(
    mapper: (value: T, index: number) => Awaitable<Iterable<U> | AsyncIterable<U>>,
  ): Query<U>
  /**
   * The same the other way round.
   * @example db.tasks.range('due').reverse().first()
   */
  reverse(): Query<T>
  /**
   * Calls `visit` for each, one after the other.
   * @example await query.forEach((task) => show(task))
   */
  forEach(visit: (value: T, index: number) => Awaitable<void>): Promise<void>
  /**
   * Whether `predicate` holds for any; stops at the first.
   * @example await query.some((task) => task.done)
   */
  some(predicate: (value: T, index: number) => Awaitable<boolean>): Promise<boolean>
  /**
   * Whether `predicate` holds for all; stops at the first for which it does not.
   * @example await query.every((task) => task.done)
   */
  every(predicate: (value: T, index: number) => Awaitable<boolean>): Promise<boolean>
  /**
   * The first for which `predicate` holds.
   * @example await query.find((task) => task.title.includes('wasm'))
   */
  find<U extends T>(predicate: (value: T, index: number) => value is U): Promise<U | undefined>
  find(predicate: (value: T, index: number) => Awaitable<boolean>): Promise<T | undefined>
  /**
   * All of them folded into one. Without `initial`, `InvalidInput` where there are none.
   * @example await query.reduce((sum, task) => sum + task.hours, 0)
   */
  reduce(reducer: (memo: T, value: T, index: number) => Awaitable<T>): Promise<T>
  reduce<U>(reducer: (memo: U, value: T, index: number) => Awaitable<U>, initial: U): Promise<U>
  /**
   * All of them, in memory at once.
   * @example const tasks = await query.toArray()
   */
  toArray(): Promise<T[]>
  /**
   * The first one.
   * @example const next = await db.tasks.range('due').first()
   */
  first(): Promise<T | undefined>
  /**
   * How many there are.
   * @example await db.tasks.findBy('done', false).count()
   */
  count(): Promise<number>
  /**
   * The ids of the documents, without reading those.
   * @example await db.tasks.delete(await query.ids())
   */
  ids(): Promise<IdOf<T>[]>
  /**
   * How it is answered, found out by running it.
   * @example (await query.explain()).examined
   */
  explain(): Promise<Explanation>
}
