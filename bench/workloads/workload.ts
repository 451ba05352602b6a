import type { Order } from '../data/orders.js'
import type { Random } from '../data/random.js'
import type { Peer, Store } from '../peers/peer.js'
import type { Outcome, Unit } from './measure.js'

/** What a workload has to work with; it goes through a whole round. */
export interface Round {
  readonly peer: Peer
  /** The open database. A workload that closes it opens it again. */
  store: Store
  /** The documents that are loaded, in the order of their ids. */
  readonly orders: readonly Order[]
  /** How many documents there are by now: ids count on from there. */
  written: number
  /** The same for every peer, and different for every workload and round. */
  readonly random: Random
  /** After so many seconds a workload stops, and says how far it came. */
  readonly secondsMax: number
}

/** Something that every peer is asked to do, once in each round and in the order of the list. */
export interface Workload {
  readonly name: string
  /** As the report calls it. */
  readonly title: string
  readonly unit: Unit
  /** Whether what it writes is durable when the clock stops; undefined where it writes nothing. */
  readonly writes?: 'durable' | 'relaxed'
  /** Whether it is asked of pages too: what takes functions or files is not. */
  readonly onPages: boolean
  /** The limit it is held against, and how many of the limit's operations one of its own takes. */
  readonly limit?: { readonly name: string; readonly each: number }
  /** The same from a page. */
  readonly limitOnPages?: { readonly name: string; readonly each: number }
  run(round: Round): Promise<Outcome>
}
