// What all builds of SQLite are given, so that they differ in nothing but how they store.
import type { Durability } from './peer.js'

/**
 * Speed at full durability: one commit is one append to the write-ahead log and one sync, and
 * nothing else may open the files.
 */
export function journaledAhead(durability: Durability): string[] {
  return [
    'page_size = 16384',
    'locking_mode = EXCLUSIVE',
    'journal_mode = WAL',
    ...common(durability),
  ]
}

/** For storage that has no such log, or one of its own. */
export function common(durability: Durability): string[] {
  return [
    `synchronous = ${durability === 'strict' ? 'FULL' : 'NORMAL'}`,
    // As much as EntiDB's cache.
    'cache_size = -32768',
    'temp_store = MEMORY',
  ]
}

/** What the report says about these statements. */
export const sqlSettings = [
  'documents as JSON text, indexed fields extracted into columns, prepared statements',
  'several documents go in and come out as one JSON array: one crossing, one JSON.parse',
  'filters by fields and updates are SQL over the JSON text, faster than in JavaScript',
]

/** What the indexes are over is extracted into columns, which costs less than generated ones. */
export const SCHEMA = `
  CREATE TABLE IF NOT EXISTS orders (
    id TEXT NOT NULL UNIQUE,
    customer TEXT NOT NULL,
    placed INTEGER NOT NULL,
    doc TEXT NOT NULL
  );
  CREATE INDEX IF NOT EXISTS orders_customer ON orders (customer);
  CREATE INDEX IF NOT EXISTS orders_placed ON orders (placed);
`

/** Documents that are handed over as one JSON array: measured, more do not make it faster. */
const INSERT_BATCH = 500
/** Documents of a scan that come out as one JSON array. */
const SCAN_PAGE = 500

const INSERT = 'INSERT INTO orders (id, customer, placed, doc)'

export const sql = {
  begin: 'BEGIN IMMEDIATE',
  commit: 'COMMIT',
  insert: `${INSERT} SELECT value ->> '$.id', value ->> '$.customer', value ->> '$.placed', value
    FROM json_each(?)`,
  put: `${INSERT} VALUES (?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET
    customer = excluded.customer, placed = excluded.placed, doc = excluded.doc`,
  get: 'SELECT doc FROM orders WHERE id = ?',
  // In the order in which the array is gone through, which is that of the ids asked.
  getMany: arrayOf(
    'SELECT doc FROM json_each(?) AS asked CROSS JOIN orders ON orders.id = asked.value',
  ),
  byCustomer: arrayOf('SELECT doc FROM orders WHERE customer = ?'),
  placedFrom: arrayOf('SELECT doc FROM orders WHERE placed >= ? ORDER BY placed LIMIT ?'),
  idsFrom: arrayOf('SELECT doc FROM orders WHERE id >= ? ORDER BY id LIMIT ?'),
  page: `SELECT '[' || group_concat(doc, ',') || ']', max(rowid) FROM
    (SELECT rowid, doc FROM orders WHERE rowid > ? ORDER BY rowid LIMIT ${SCAN_PAGE})`,
  overTotal: arrayOf(
    `SELECT doc FROM orders WHERE doc ->> '$.total' > ? AND doc ->> '$.status' = ? ORDER BY id`,
  ),
  update: `UPDATE orders SET doc = json_set(doc, '$.status', ?, '$.total', ?) WHERE id = ?`,
  delete: 'DELETE FROM orders WHERE id IN (SELECT value FROM json_each(?))',
}

/** Documents in the portions in which they are handed over. */
export function* batches<T>(docs: readonly T[]): Generator<T[]> {
  for (let at = 0; at < docs.length; at += INSERT_BATCH) yield docs.slice(at, at + INSERT_BATCH)
}

/** What a query finds as the text of one JSON array. */
function arrayOf(query: string): string {
  return `SELECT '[' || group_concat(doc, ',') || ']' FROM (${query})`
}
