/** Declarations of collections and indexes, as they are checked and as the engine takes them. */

import { encodeValue } from './codec/encode.js'
import { collection, index } from './declare.js'
import { invalidInput } from './errors.js'
import type { Handle, Handles } from './handles.js'
import { decodeMessage } from './message.js'
import { checkCollectionName } from './names.js'
import type { Port, Watch } from './port.js'
import { type Routine, wait } from './routine.js'
import type {
  CollectionDeclaration,
  CollectionOptions,
  IndexDeclaration,
  Schema,
} from './types/declare.js'
import type { IndexInfo } from './types/report.js'
import type { Entity } from './types/values.js'

interface IndexSpec {
  readonly fields: string[]
  readonly unique: boolean
  readonly each: boolean
  readonly kind: 'ordered' | 'hash'
}

/** An index as the engine takes it. It is checked again, as it need not come from `index`. */
export function encodeIndex(declaration: IndexDeclaration): Uint8Array {
  return encodeValue(specOf(declaration))
}

function specOf(declaration: unknown): IndexSpec {
  const { paths, unique, each, kind } = (declaration ?? {}) as Partial<IndexDeclaration>
  if (!Array.isArray(paths)) {
    throw invalidInput("an index is declared with index(), such as index('due')")
  }
  const options = {
    ...(unique !== undefined && { unique }),
    ...(each !== undefined && { each }),
    ...(kind !== undefined && { kind }),
  }
  const whole = index(...(paths as [string, ...string[]]), options)
  const { unique: isUnique, each: isEach, kind: ofKind } = whole
  return { fields: [...whole.paths], unique: isUnique, each: isEach, kind: ofKind }
}

/** Checks what `open` was given as `collections`, before anything is opened. */
export function checkSchema(schema: unknown): Schema {
  if (typeof schema !== 'object' || schema === null) {
    throw invalidInput("'collections' is an object of collections by name")
  }
  for (const [name, declaration] of Object.entries(schema)) {
    checkCollectionName(name)
    if (!Array.isArray((declaration as CollectionDeclaration | null)?.indexes)) {
      throw invalidInput(`the collection '${name}' is declared with collection()`)
    }
    for (const declared of (declaration as CollectionDeclaration).indexes) specOf(declared)
  }
  return schema as Schema
}

/**
 * Brings the collections of an open database to what is declared, and builds the indexes that are
 * new. Indexes of declared collections that are declared no more are dropped.
 */
export function* declare(
  port: Port,
  handles: Handles,
  schema: Schema,
  watch: Watch,
): Routine<void> {
  const names = Object.keys(schema)
  if (names.length > 0) {
    const collections = names.map((name) => {
      const indexes = (schema[name]?.indexes ?? []).map(specOf)
      return { name, indexes }
    })
    const bytes = encodeValue({ collections, undeclared: 'drop' })
    const answer = decodeMessage(yield* wait(port.call<'declare'>({ call: 'declare', bytes })))
    const { collections: numbers } = answer as { readonly collections: readonly number[] }
    names.forEach((name, i) => {
      const handle = handles.get(name)
      handle.number = numbers[i]
      handle.schema = schema[name]?.schema
    })
  }
  // Also those that an earlier run declared and did not live to build.
  yield* wait(port.call<'build'>({ call: 'build' }, watch))
}

/** Makes a collection. */
export function* createCollection(
  port: Port,
  handle: Handle,
  { indexes = [], schema }: CollectionOptions<Entity>,
): Routine<void> {
  // Checked by the function that declarations are made by.
  const declared = collection({ indexes, ...(schema && { schema }) })
  const bytes = encodeValue({ name: handle.name, indexes: declared.indexes.map(specOf) })
  handle.number = yield* wait(port.call<'createCollection'>({ call: 'createCollection', bytes }))
  handle.schema = declared.schema
}

/** Drops a collection. */
export function* dropCollection(port: Port, handle: Handle): Routine<void> {
  const number = yield* handle.id(port)
  yield* wait(port.call<'dropCollection'>({ call: 'dropCollection', collection: number }))
  handle.number = undefined
}

/** What the engine says about the indexes of a collection. */
export function decodeIndexes(bytes: Uint8Array): IndexInfo[] {
  const infos = decodeMessage(bytes) as readonly {
    readonly spec: IndexSpec
    readonly ready: boolean
    readonly entries: number
    readonly distinct: number
  }[]
  return infos.map(({ spec: { fields, unique, each, kind }, ready, entries, distinct }) => ({
    paths: fields,
    unique,
    each,
    kind,
    state: ready ? 'ready' : 'building',
    entries,
    distinctKeys: distinct,
  }))
}
