/**
 * What a document is identified by: a string of 1 to 512 bytes (UUIDs are packed into 16), or a
 * safe integer. Order: integers, then UUIDs, then other strings.
 *
 * @example
 * const id: Id = '0198c5a0-4b1e-7c3a-9f00-2f7a4c1d5e6b'
 */
export type Id = string | number

/**
 * Everything that a document can hold. Whole numbers and bigints are told apart: `5n` comes back
 * as `5n`. NaN, infinities, functions, symbols and instances of other classes are `InvalidInput`.
 *
 * @example
 * const value: Value = { due: new Date(), tags: ['a'], size: 12n, thumbnail: new Uint8Array(4) }
 */
export type Value =
  | null
  | boolean
  | number
  | bigint
  | string
  | Date
  | Uint8Array
  | readonly Value[]
  | { readonly [key: string]: Value | undefined }

/**
 * What every document type has.
 *
 * @example
 * interface Task extends Entity { id: string; title: string }
 */
export interface Entity {
  readonly id: Id
}

/**
 * A document of which nothing is known but that it has an id: what collections hold that were not
 * declared at `open`.
 *
 * @example
 * const doc: AnyDocument | undefined = await db.collection('imported').get(1)
 */
export interface AnyDocument extends Entity {
  readonly [key: string]: unknown
}

/**
 * A document as it is written: its `id` may be left out where a string id can be made for it,
 * which is where the type of `id` takes any string.
 *
 * @example
 * const task: Input<Task> = { title: 'Write' } // id: string, so a UUIDv7 is assigned
 */
export type Input<T extends Entity> = T extends Entity
  ? string extends T['id']
    ? OmitId<T> & { readonly id?: T['id'] | undefined }
    : T
  : never

/**
 * A shallow change to a document: the properties given replace those that are there, and
 * `undefined` deletes an optional one. The id never changes.
 *
 * @example
 * await db.tasks.update(id, { done: true, notes: undefined })
 */
export type Patch<T extends Entity> = T extends Entity
  ? { readonly [K in keyof OmitId<T>]?: Deletable<T, K> }
  : never

type OmitId<T> = { [K in keyof T as K extends 'id' ? never : K]: T[K] }

type Deletable<T, K> = K extends keyof T
  ? Record<never, never> extends Pick<T, K>
    ? T[K] | undefined
    : T[K]
  : never

/**
 * The type of the ids of `T`.
 *
 * @example
 * const ids: IdOf<Task>[] = await db.tasks.scan().ids()
 */
export type IdOf<T> = T extends { readonly id: infer I } ? I : Id
