import { invalidInput, limitExceeded } from './errors.js'
import { INDEX_FIELDS_MAX } from './limits.js'
import { parsePath } from './paths.js'
import type {
  CollectionDeclaration,
  CollectionOptions,
  IndexDeclaration,
  IndexOptions,
} from './types/declare.js'
import type { AnyDocument, Entity } from './types/values.js'

/**
 * Declares an index over one to eight dotted paths. Throws `InvalidInput` for what no index can be,
 * `LimitExceeded` for too many paths.
 *
 * @example
 * index('projectId', 'due')
 * index('tags', { each: true })
 * index('slug', { unique: true })
 */
export function index<P extends string>(...paths: [P, ...P[]]): IndexDeclaration<P>
export function index<P extends string>(
  ...pathsAndOptions: [P, ...P[], IndexOptions]
): IndexDeclaration<P>
export function index<P extends string>(...args: (P | IndexOptions)[]): IndexDeclaration<P> {
  const last = args.at(-1)
  const options = typeof last === 'object' && last !== null ? last : {}
  const paths = (options === last ? args.slice(0, -1) : args) as P[]
  const { unique = false, each = false, kind = 'ordered' } = options
  if (paths.length === 0) throw invalidInput("an index needs a path; write index('name')")
  if (paths.length > INDEX_FIELDS_MAX) {
    throw limitExceeded(
      `an index has at most ${INDEX_FIELDS_MAX} paths; this one has ${paths.length}`,
    )
  }
  for (const path of paths) parsePath(path)
  const twice = paths.find((path, i) => paths.indexOf(path) !== i)
  if (twice !== undefined) {
    throw invalidInput(`an index has each path once; '${twice}' is there twice`, { path: twice })
  }
  if (typeof unique !== 'boolean' || typeof each !== 'boolean') {
    throw invalidInput("an index's options 'unique' and 'each' are true or false")
  }
  if (kind !== 'ordered' && kind !== 'hash') {
    throw invalidInput(`the kind of an index is 'ordered' or 'hash', not ${String(kind)}`)
  }
  return { paths, unique, each, kind }
}

/**
 * Declares a collection of documents of type `T`, which a Standard Schema given as `schema` says by
 * itself.
 *
 * @example
 * collection<Task>({ indexes: [index('due')] })
 * collection({ schema: z.object({ id: z.string(), title: z.string() }) })
 */
export function collection<T extends Entity = AnyDocument>(
  options: CollectionOptions<T> = {},
): CollectionDeclaration<T> {
  const { indexes = [], schema } = options
  if (schema !== undefined && schema['~standard']?.version !== 1) {
    throw invalidInput("a collection's schema must implement Standard Schema, version 1")
  }
  return schema === undefined ? { indexes } : { indexes, schema }
}
