import { utf8Length } from './codec/utf8.js'
import { invalidInput, limitExceeded } from './errors.js'
import { COLLECTION_NAME_BYTES_MAX, DATABASE_NAME_BYTES_MAX } from './limits.js'

/**
 * The names that never become a property of a database, transaction or snapshot: those of their
 * own members, now or planned, and of every object. Such a collection is reached by
 * `db.collection(name)` alone.
 */
export const RESERVED_NAMES = [
  // Members of databases, transactions and snapshots.
  'backup',
  'changes',
  'checkpoint',
  'close',
  'collection',
  'compact',
  'createCollection',
  'decrypt',
  'dropCollection',
  'encrypt',
  'exportData',
  'exportImage',
  'importData',
  'migrationsPending',
  'name',
  'on',
  'persist',
  'pollChanges',
  'read',
  'rekey',
  'schemaVersion',
  'sequence',
  'stats',
  'storage',
  'transaction',
  'verify',
  // Names of every object.
  'constructor',
  'hasOwnProperty',
  'isPrototypeOf',
  'propertyIsEnumerable',
  'toLocaleString',
  'toString',
  'valueOf',
  // Names that the language or the project gives a meaning.
  'then',
  'catch',
  'finally',
  'toJSON',
  'sync',
  'graph',
  'nodes',
  'edges',
  'admin',
  'import',
  'export',
] as const

/**
 * A name that no property is made for; see {@link RESERVED_NAMES}. Names that start with `$` or `_`
 * belong to it, which covers `__proto__` and its like.
 *
 * @example
 * type Reserved = 'stats' extends ReservedName ? true : false // true
 */
export type ReservedName = (typeof RESERVED_NAMES)[number] | `$${string}` | `_${string}`

const reserved: ReadonlySet<string> = new Set(RESERVED_NAMES)

/**
 * Whether the collection `name` is reached by `db.collection(name)` alone.
 *
 * @example
 * isReservedName('stats') // true
 */
export function isReservedName(name: string): boolean {
  return reserved.has(name) || name.startsWith('$') || name.startsWith('_')
}

/** Throws where `name` cannot be a database's. */
export function checkDatabaseName(name: unknown): void {
  checkName(name, 'database', DATABASE_NAME_BYTES_MAX)
}

/** Throws where `name` cannot be a collection's. */
export function checkCollectionName(name: unknown): void {
  checkName(name, 'collection', COLLECTION_NAME_BYTES_MAX)
}

function checkName(name: unknown, what: string, bytesMax: number): void {
  const bytes = typeof name === 'string' ? utf8Length(name) : 0
  if (bytes <= 0) throw invalidInput(`the name of a ${what} is well-formed text, and not empty`)
  if (bytes > bytesMax) {
    throw limitExceeded(`the name of a ${what} has at most ${bytesMax} bytes; shorten it`)
  }
}
