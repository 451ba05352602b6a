/**
 * What a query asks of the engine: the one way in that its caller chose, and the verbs that are
 * carried out there. Everything is checked and encoded here, before anything is sent.
 */

import { encodeValue } from './codec/encode.js'
import { invalidInput } from './errors.js'
import { encodeId } from './ids.js'
import { parsePath } from './paths.js'
import type { Id } from './types/values.js'

/** The leading values of an index entry that a range ends at. */
interface Tuple {
  readonly values: Uint8Array[]
  readonly open: boolean
}

interface IdBound {
  readonly id: Uint8Array
  readonly open: boolean
}

/** The way into a collection. */
export type Access =
  | {
      readonly index: {
        readonly fields: readonly string[]
        readonly equal: Uint8Array[]
        readonly lower?: Tuple | undefined
        readonly upper?: Tuple | undefined
        readonly prefix?: string | undefined
      }
    }
  | {
      readonly scan: { readonly lower?: IdBound | undefined; readonly upper?: IdBound | undefined }
    }

/** Which of the rows are wanted, and which way round. */
export interface Order {
  readonly reverse: boolean
  readonly skip: number
  readonly take?: number
}

/** All rows, forwards. */
export const EVERYTHING: Order = { reverse: false, skip: 0 }

/** The first `limit` rows of those that `order` leaves. */
export function taking(order: Order, limit: number): Order {
  return { ...order, take: Math.min(order.take ?? limit, limit) }
}

/** All but the first `count` rows of those that `order` leaves. */
export function dropping(order: Order, count: number): Order {
  const dropped = { ...order, skip: Math.min(order.skip + count, Number.MAX_SAFE_INTEGER) }
  return order.take === undefined ? dropped : { ...dropped, take: Math.max(order.take - count, 0) }
}

/** The rows that `order` leaves from the last to the first, unless the engine cannot do that. */
export function reversing(order: Order): Order | undefined {
  if (order.skip > 0 || order.take !== undefined) return undefined
  return { ...order, reverse: !order.reverse }
}

/** A query as the engine takes it. */
export function encodePlan(
  collection: number,
  access: Access,
  order: Order,
  output: 'documents' | 'ids',
): Uint8Array {
  return encodeValue({ collection, ...access, ...order, output })
}

/** Equality of one path or of several. */
export function equality(paths: unknown, values: unknown): Access {
  if (!Array.isArray(paths)) {
    return { index: { fields: fieldsOf([paths]), equal: [keyOf(values)] } }
  }
  if (!Array.isArray(values) || values.length !== paths.length) {
    throw invalidInput('findBy takes one value for each of its paths')
  }
  return { index: { fields: fieldsOf(paths), equal: values.map(keyOf) } }
}

/** A range over one path or over several. */
export function range(paths: unknown, bounds: unknown): Access {
  const ends = checkBounds(bounds, ['prefix', ...ENDS])
  if (Array.isArray(paths)) return tupleRange(fieldsOf(paths), ends)
  const fields = fieldsOf([paths])
  const { prefix } = ends
  if (prefix === undefined) {
    return { index: { fields, equal: [], ...tuples(ends, (end) => [keyOf(end)]) } }
  }
  if (typeof prefix !== 'string' || ENDS.some((name) => ends[name] !== undefined)) {
    throw invalidInput("the 'prefix' of one path is a string, and stands alone")
  }
  // Encoded for its checks alone.
  encodeValue(prefix)
  return { index: { fields, equal: [], prefix } }
}

function tupleRange(fields: string[], ends: Bounds): Access {
  const prefix = ends.prefix ?? []
  if (!Array.isArray(prefix)) {
    throw invalidInput("the 'prefix' of several paths is an array of values")
  }
  const equal = prefix.map(keyOf)
  const bounds = tuples(ends, (end) => {
    const tuple = Array.isArray(end) || prefix.length === 0 ? end : [end]
    const room = fields.length - equal.length
    if (!Array.isArray(tuple) || tuple.length === 0 || tuple.length > room) {
      throw invalidInput(`a bound of this range is an array of 1 to ${room} values`)
    }
    return tuple.map(keyOf)
  })
  if (equal.length > fields.length) {
    throw invalidInput("the 'prefix' has at most one value for each path")
  }
  return { index: { fields, equal, ...bounds } }
}

/** A scan in the order of ids. */
export function scan(bounds: unknown): Access {
  const ends = checkBounds(bounds, ENDS)
  const [lower, upper] = sides(ends, (end, open): IdBound => ({ id: encodeId(end as Id), open }))
  return { scan: { lower, upper } }
}

const ENDS = ['gt', 'gte', 'lt', 'lte'] as const

type Bounds = Readonly<Record<string, unknown>>

function checkBounds(bounds: unknown, known: readonly string[]): Bounds {
  if (typeof bounds !== 'object' || bounds === null) {
    throw invalidInput(`bounds are an object of ${known.join(', ')}`)
  }
  const stray = Object.keys(bounds).find((name) => !known.includes(name))
  if (stray !== undefined) {
    throw invalidInput(`there is no bound '${stray}'; the bounds are ${known.join(', ')}`)
  }
  return bounds as Bounds
}

function tuples(ends: Bounds, values: (end: unknown) => Uint8Array[]) {
  const [lower, upper] = sides(ends, (end, open): Tuple => ({ values: values(end), open }))
  return { lower, upper }
}

function sides<B>(ends: Bounds, make: (end: unknown, open: boolean) => B): (B | undefined)[] {
  return (['gt', 'lt'] as const).map((open) => {
    const closed = `${open}e` as const
    if (ends[open] !== undefined && ends[closed] !== undefined) {
      throw invalidInput(`a range has '${open}' or '${closed}', not both`)
    }
    if (ends[open] !== undefined) return make(ends[open], true)
    return ends[closed] === undefined ? undefined : make(ends[closed], false)
  })
}

function fieldsOf(paths: unknown[]): string[] {
  if (paths.length === 0) throw invalidInput('a query by an index names a path')
  return paths.map((path) => parsePath(path).join('.'))
}

/** A value as an index holds it. */
function keyOf(value: unknown): Uint8Array {
  if (value === undefined) {
    throw invalidInput('an index has no entry for undefined; pass null or a value')
  }
  const bytes = encodeValue(value)
  if (((bytes[0] as number) & 0xe0) === 0xa0) {
    throw invalidInput('an index has no entry for an object; look for a value inside it')
  }
  return bytes
}
