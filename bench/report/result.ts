import type { Machine } from '../machine.js'
import type { Participant } from '../page/protocol.js'
import type { About } from '../peers/peer.js'
import type { Settings } from '../settings.js'

/** Everything that a run found out; the raw file holds it as JSON. */
export interface Result {
  settings: Settings
  machine: Machine
  /** The peers that could be started. */
  peers: Partial<Record<Participant, About>>
  /** Why those are missing that are. */
  absent: Partial<Record<Participant, string>>
  /** Bytes of a document as JSON, on average. */
  documentBytes: number
  /** One value for each round, by measure and participant. */
  values: Record<string, Partial<Record<Participant, number[]>>>
  /** Where time ran out, how far a participant came. */
  partly: Record<string, Partial<Record<Participant, { done: number; of: number }>>>
}
