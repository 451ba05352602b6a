import type { Path } from './paths.js'
import type { AnyDocument, Entity } from './values.js'

/**
 * How an index is kept.
 *
 * @example
 * index('slug', { unique: true })
 */
export interface IndexOptions {
  /** No two documents share a value; entries with a missing field do not count. Default `false`. */
  readonly unique?: boolean
  /** One entry per element of the one array that a path ends in or crosses. Default `false`. */
  readonly each?: boolean
  /** `ordered` answers equality and ranges, `hash` equality only, of keys of any size. */
  readonly kind?: 'ordered' | 'hash'
}

/**
 * An index as it is declared: its paths and how it is kept. Made by `index`.
 *
 * @example
 * await db.tasks.createIndex(index('projectId', 'due'))
 */
export interface IndexDeclaration<P extends string = string> {
  /** The dotted paths, one to eight, the most significant first. */
  readonly paths: readonly P[]
  /** Whether no two documents share a value. */
  readonly unique: boolean
  /** Whether there is one entry per array element. */
  readonly each: boolean
  /** Whether it answers ranges. */
  readonly kind: 'ordered' | 'hash'
}

/**
 * A validator of the Standard Schema interface, version 1, as zod, valibot, arktype and others
 * implement it. Only its shape is known here.
 *
 * @example
 * const Task: StandardSchema<{ id: string }> = z.object({ id: z.string() })
 */
export interface StandardSchema<Output = unknown> {
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>
    readonly types?: { readonly input: unknown; readonly output: Output } | undefined
  }
}

/** What a validator answers: the value it accepted, or why it did not. */
export type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] }

/** One reason why a document was not accepted. */
export interface SchemaIssue {
  readonly message: string
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined
}

/**
 * How a collection is declared.
 *
 * @example
 * collection<Task>({ indexes: [index('projectId', 'due')] })
 */
export interface CollectionOptions<T extends Entity> {
  /** The indexes it has; those that were there and are declared nowhere any more are dropped. */
  readonly indexes?: readonly IndexDeclaration<Path<NoInfer<T>>>[]
  /** Validates every document that is written; its output is what is stored. */
  readonly schema?: StandardSchema<T>
}

/** Carries the document type of a declaration; nothing is stored under it. */
declare const documentType: unique symbol

/**
 * A declared collection of documents of type `T`. Made by `collection`.
 *
 * @example
 * const tasks = collection<Task>({ indexes: [index('slug', { unique: true })] })
 */
export interface CollectionDeclaration<out T extends Entity = Entity> {
  readonly indexes: readonly IndexDeclaration[]
  readonly schema?: StandardSchema<T>
  readonly [documentType]?: T
}

/**
 * The collections of a database by name.
 *
 * @example
 * const schema = { tasks: collection<Task>() } satisfies Schema
 */
export interface Schema {
  readonly [name: string]: CollectionDeclaration
}

/** The schema of a database that was opened without declaring any collection. */
export type NoSchema = Record<never, never>

/**
 * The document type of the collection `N`; anything for a collection that is not declared.
 *
 * @example
 * type T = DocumentOf<{ tasks: CollectionDeclaration<Task> }, 'tasks'> // Task
 */
export type DocumentOf<S, N> = N extends keyof S
  ? S[N] extends CollectionDeclaration<infer T>
    ? T
    : AnyDocument
  : AnyDocument
