import type { PeerName } from '../peers/names.js'
import type { About } from '../peers/peer.js'
import type { Outcome } from '../workloads/measure.js'

/** Whoever has a page of its own: a peer, or the limits of the platform. */
export type Participant = PeerName | 'limits'

/** Whether peers are used in a worker of the benchmark, or as pages use them. */
export const MODES = ['worker', 'main'] as const
export type Mode = (typeof MODES)[number]

/** What a participant is asked. */
export type Request =
  /** The first one of a round: who it is. It loads all it needs, and stores one document. */
  | { readonly call: 'start'; readonly participant: Participant; readonly mode: Mode }
  /** Begins a round on an empty database. */
  | { readonly call: 'begin'; readonly data: Data }
  /** Runs one workload or limit. */
  | { readonly call: 'run'; readonly measure: string; readonly round: number }
  /** Ends a round: closes the database. */
  | { readonly call: 'end' }

/** The documents of a run, and how long a workload may take. */
export interface Data {
  readonly seed: number
  readonly documents: number
  readonly secondsMax: number
}

/** What starting took. */
export interface Started {
  about: About | undefined
  milliseconds: number
}

/** What each call is answered with. */
export interface Replies {
  start: About | undefined
  begin: undefined
  run: Outcome
  end: undefined
}
