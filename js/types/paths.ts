import type { Entity } from './values.js'

/** What ends a path: it can be the value of an index entry. */
type Scalar = null | boolean | number | bigint | string | Date | Uint8Array

/** One level less; paths end at four levels, which also ends recursive types. */
type Less = [never, 0, 1, 2, 3]
type Depth = 0 | 1 | 2 | 3 | 4

/** The property names that a path can spell: strings without a dot. */
type Step<T> = Exclude<keyof T & string, `${string}.${string}` | ''>

/**
 * The dotted paths of `T`: property names with dots between, through objects and through at most
 * one array, four levels deep.
 *
 * @example
 * interface Order { id: string; customer: { name: string }; items: { sku: string }[] }
 * type P = Path<Order> // 'id' | 'customer' | 'customer.name' | 'items' | 'items.sku'
 */
export type Path<T> = PathTo<T, 4, false>

type PathTo<T, D extends Depth, Crossed extends boolean> = D extends 0
  ? never
  : T extends Scalar
    ? never
    : T extends readonly (infer U)[]
      ? Crossed extends true
        ? never
        : PathTo<U, D, true>
      : T extends object
        ? { [K in Step<T>]: K | Longer<K, PathTo<T[K], Less[D], Crossed>> }[Step<T>]
        : never

type Longer<K extends string, P> = P extends string ? `${K}.${P}` : never

/** What is at a path: the values themselves, an array as a whole, and its elements (`each`). */
type At<T, P extends string> = T extends readonly (infer U)[]
  ? At<U, P>
  : T extends Scalar
    ? never
    : P extends keyof T
      ? T[P]
      : P extends `${infer K}.${infer Rest}`
        ? K extends keyof T
          ? At<T[K], Rest>
          : never
        : never

/**
 * The values that a query on path `P` takes: those that an index on it holds. For an array that is
 * an element, as an `each` index has one entry per element, or the whole array.
 *
 * @example
 * type V = KeyAt<Task, 'due'> // Date
 * type W = KeyAt<Task, 'tags'> // string | readonly string[]
 */
export type KeyAt<T, P extends string> = Key<At<T, P>>

type Key<V> = unknown extends V
  ? Scalar | readonly Scalar[]
  : V extends readonly (infer U)[]
    ? Extract<U, Scalar> | readonly Extract<U, Scalar>[]
    : Extract<V, Scalar>

/**
 * The paths of a compound index, in its order; leading ones suffice.
 *
 * @example
 * const paths: Paths<Task> = ['projectId', 'due']
 */
export type Paths<T> = readonly [Path<T>, ...Path<T>[]]

/**
 * One value for each of the paths `P`.
 *
 * @example
 * type V = KeysAt<Task, ['projectId', 'due']> // readonly [string, Date]
 */
export type KeysAt<T, P extends readonly string[]> = {
  readonly [I in keyof P]: KeyAt<T, P[I]>
}

/** The tuples that `V` starts with, the empty one left out. */
type Leading<V extends readonly unknown[]> = V extends readonly [infer First, ...infer Rest]
  ? readonly [First] | readonly [First, ...Leading<Rest>]
  : never

/**
 * The ends of a range over one path: at most one of `gt` and `gte`, and one of `lt` and `lte`.
 * Without any, the range is the whole index.
 *
 * @example
 * const soon: Bounds<Date> = { gte: new Date(), lt: nextWeek }
 */
export interface Bounds<V> {
  /** Strings that start with this one. It stands alone. */
  readonly prefix?: Extract<V, string> extends never ? never : string
  /** Values after this one. */
  readonly gt?: V
  /** This value and those after it. */
  readonly gte?: V
  /** Values before this one. */
  readonly lt?: V
  /** This value and those before it. */
  readonly lte?: V
}

/** The four ends of a range, of one type. */
interface Ends<V> {
  readonly gt?: V
  readonly gte?: V
  readonly lt?: V
  readonly lte?: V
}

/**
 * The ends of a range over several paths, as leading tuples; a shorter tuple bounds all its
 * extensions. With a `prefix` of leading values the ends are about the paths after it, and one for
 * the next path may be given bare.
 *
 * @example
 * db.tasks.range(['projectId', 'due'], { prefix: ['p1'], gte: new Date() })
 */
export type TupleBounds<V extends readonly unknown[]> =
  | ({ readonly prefix?: never } & Ends<Leading<V>>)
  | Prefixed<V, readonly []>

type Prefixed<
  V extends readonly unknown[],
  Before extends readonly unknown[],
> = V extends readonly [infer First, ...infer Rest]
  ? PrefixedBy<readonly [...Before, First], Rest> | Prefixed<Rest, readonly [...Before, First]>
  : never

type PrefixedBy<Prefix, Rest extends readonly unknown[]> = {
  readonly prefix: Prefix
} & Ends<Rest extends readonly [infer Next, ...unknown[]] ? Next | Leading<Rest> : never>

/**
 * The ends of a scan, which runs in the order of ids.
 *
 * @example
 * db.tasks.scan({ gte: 'a', lt: 'b' })
 */
export type IdBounds<T extends Entity> = Ends<T['id']>
