import type { PeerName } from './names.js'
import type { Peer } from './peer.js'

type Loaders = Partial<Record<PeerName, () => Promise<Peer>>>

/** A worker loads the code of its own peer alone. A new peer is a file, a name and a line here. */
const loaders: Required<Loaders> = {
  entidb: async () => new (await import('./entidb.js')).EntidbPeer(),
  sqlite: async () => new (await import('./sqlite.js')).SqlitePeer(),
  'wa-pool': async () => new (await import('./wa-sqlite.js')).WaSqlitePeer('pool'),
  'wa-ahead': async () => new (await import('./wa-sqlite.js')).WaSqlitePeer('ahead'),
  'wa-coop': async () => new (await import('./wa-sqlite.js')).WaSqlitePeer('coop'),
  'wa-idb': async () => new (await import('./wa-sqlite.js')).WaSqlitePeer('idb'),
  'pglite-opfs': async () => new (await import('./pglite.js')).PglitePeer('opfs-ahp'),
  'pglite-idb': async () => new (await import('./pglite.js')).PglitePeer('idb'),
  indexeddb: async () => new (await import('./indexeddb.js')).IndexedDbPeer(),
  dexie: async () => new (await import('./dexie.js')).DexiePeer(),
  rxdb: async () => new (await import('./rxdb.js')).RxdbPeer('dexie'),
  'rxdb-memory': async () => new (await import('./rxdb.js')).RxdbPeer('memory'),
  tinybase: async () => new (await import('./tinybase.js')).TinybasePeer(),
  pouchdb: async () => new (await import('./pouchdb.js')).PouchdbPeer(),
  surrealdb: async () => new (await import('./surrealdb.js')).SurrealdbPeer(),
}

/** Those whose usual interface for pages runs in the page itself. The others have a worker. */
const inPage: Loaders = {
  entidb: async () => new (await import('./entidb-client.js')).EntidbClientPeer(),
  indexeddb: loaders.indexeddb,
  dexie: loaders.dexie,
  rxdb: loaders.rxdb,
  'rxdb-memory': loaders['rxdb-memory'],
  tinybase: loaders.tinybase,
  pouchdb: loaders.pouchdb,
  surrealdb: loaders.surrealdb,
}

/** The peer as it is used in a worker. */
export function createPeer(name: PeerName): Promise<Peer> {
  return loaders[name]()
}

/** The peer as pages use it. */
export async function createPagePeer(name: PeerName): Promise<Peer> {
  const load = inPage[name]
  if (load !== undefined) return load()
  return new (await import('./remote.js')).RemotePeer(name)
}
