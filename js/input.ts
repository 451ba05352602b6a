/** Documents on their way in: their ids and their schemas. */

import { invalidInput } from './errors.js'
import { formatPath } from './paths.js'
import { type Routine, wait } from './routine.js'
import type { SchemaIssue, StandardSchema } from './types/declare.js'
import type { Id } from './types/values.js'
import { generateId } from './uuid.js'

/** The id of a document as it came out of a query; `InvalidInput` where a closure took it away. */
export function idOf(value: unknown): Id {
  const id = (value as { id?: unknown } | null | undefined)?.id
  if (typeof id === 'string' || typeof id === 'number') return id
  throw invalidInput('ids() is asked of documents; call it before map')
}

/** The id of a document to be stored, new where it has none. Encoding says if it cannot be one. */
export function idFor(doc: unknown): Id {
  const id = (doc as { id?: Id } | null | undefined)?.id
  return id === undefined ? generateId() : id
}

/**
 * What a schema makes of a document that is to be stored under `id`, or the document itself where
 * there is no schema. Issues are `InvalidInput`, the first one's place in its details.
 */
export function* validated(
  schema: StandardSchema | undefined,
  doc: object,
  id: Id,
): Routine<object> {
  if (schema === undefined) return doc
  const complete = 'id' in doc ? doc : { ...(doc as object), id }
  const result = yield* wait(schema['~standard'].validate(complete))
  if (result.issues !== undefined) throw refused(result.issues)
  const value = result.value as { readonly id?: unknown }
  if (typeof value === 'object' && value !== null && (value.id === undefined || value.id === id)) {
    return value
  }
  throw invalidInput("a collection's schema answers a document, and leaves the id alone")
}

function refused(issues: readonly SchemaIssue[]) {
  const texts = issues.map(({ message, path = [] }) => {
    const place = formatPath(path.map(step))
    return place === '' ? message : `${place}: ${message}`
  })
  const path = formatPath((issues[0]?.path ?? []).map(step))
  const message = `the document is not as its schema says: ${texts.join('; ')}`
  return invalidInput(message, path === '' ? {} : { path })
}

function step(part: PropertyKey | { readonly key: PropertyKey }): string | number {
  const key = typeof part === 'object' ? part.key : part
  return typeof key === 'symbol' ? String(key) : key
}
