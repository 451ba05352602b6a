import type { PeerName } from '../peers/index.js'
import type { About } from '../peers/peer.js'
import type { Outcome } from '../workloads/measure.js'

/** Whoever has a worker of its own: a peer, or the limits of the platform. */
export type Participant = PeerName | 'limits'

/** What a participant's worker is asked. */
export type Request =
  /** The first one: who it is and which documents are in play. */
  | { readonly call: 'load'; readonly participant: Participant; readonly data: Data }
  /** Starts a round on an empty database. */
  | { readonly call: 'begin' }
  /** Runs one workload or limit. */
  | { readonly call: 'run'; readonly measure: string; readonly round: number }
  /** Ends a round: closes the database, and deletes it. */
  | { readonly call: 'end' }

/** The documents of a run. */
export interface Data {
  readonly seed: number
  readonly documents: number
}

/** What each call is answered with. */
export interface Replies {
  load: About | undefined
  begin: undefined
  run: Outcome
  end: undefined
}
