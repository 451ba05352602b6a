/** Who takes part; the first one is what the others are compared with. */
export const PEER_NAMES = [
  'entidb',
  'sqlite',
  'wa-pool',
  'wa-ahead',
  'wa-coop',
  'wa-idb',
  'pglite-opfs',
  'pglite-idb',
  'indexeddb',
  'dexie',
  'rxdb',
  'rxdb-memory',
  'tinybase',
  'pouchdb',
  'surrealdb',
] as const

/** They are parts of host names, for each peer has an origin of its own. */
export type PeerName = (typeof PEER_NAMES)[number]
