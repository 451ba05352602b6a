import type { Peer } from './peer.js'

/** Who takes part; the first one is what the others are compared with. */
export const PEER_NAMES = ['entidb', 'sqlite'] as const

export type PeerName = (typeof PEER_NAMES)[number]

/** A worker loads the code of its own peer alone. A new peer is a file, a name and a line here. */
const loaders: Record<PeerName, () => Promise<Peer>> = {
  entidb: async () => new (await import('./entidb.js')).EntidbPeer(),
  sqlite: async () => new (await import('./sqlite.js')).SqlitePeer(),
}

export function createPeer(name: PeerName): Promise<Peer> {
  return loaders[name]()
}
