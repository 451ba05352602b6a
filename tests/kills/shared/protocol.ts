/** What pages and the server say to each other, over HTTP. */
import type { Doc, Visit } from './writers.js'

/** The kinds of work that an ending can come into. */
export const WORKS = ['strict', 'relaxed', 'mixed', 'import', 'compaction', 'index'] as const
export type Work = (typeof WORKS)[number]

/** What a page is to open, at `/plan`. */
export interface Plan {
  /** The number of this opening; numbers are never used again. */
  readonly load: number
  readonly name: string
  readonly storage: 'opfs' | 'indexeddb'
  readonly seed: number
  /** Whether the indexes that come and go are declared. */
  readonly extra: boolean
  /** A page of a storm opens the database and counts, until it is reloaded. */
  readonly storm: boolean
}

/** The answers of an index. */
export interface IndexAnswer {
  readonly paths: readonly string[]
  readonly state: string
  readonly entries: number
  readonly ids: readonly (string | number)[]
}

/** All that a database holds, as a page sees it; sent to `/state`. */
export interface State {
  readonly load: number
  readonly backend: string
  /** Whether this opening made the database. */
  readonly created: boolean
  readonly collections: Readonly<
    Record<
      string,
      {
        readonly docs: readonly (Doc | Visit)[]
        readonly count: number
        readonly indexes: readonly IndexAnswer[]
      }
    >
  >
  /** Bytes of the logs and of the volume. */
  readonly bytes: number
  readonly openMs: number
}

/** What to go on with; the answer to a state. */
export interface Orders {
  readonly work: Work
  /** How far each writer has come, and goes on from. */
  readonly done: readonly number[]
  /** Which writers work. */
  readonly writers: readonly number[]
}

/** What was acknowledged since the last report; sent to `/acked`. */
export interface Acked {
  readonly load: number
  /** By writer, up to which write all were acknowledged; by `visit`, the writes of this page. */
  readonly done: Readonly<Record<string, number>>
}

/** That something long has begun or is done; sent to `/phase`. */
export interface Phase {
  readonly load: number
  readonly what: Work
  readonly begun: boolean
}

/** What went wrong; sent to `/failed`. */
export interface Failed {
  readonly load: number
  readonly message: string
}

/** What a page is to do now; what `/command` answers once there is something. */
export interface Command {
  readonly do: 'terminate' | 'reopen' | 'reload' | 'navigate' | 'close'
}

/** What the page that opens the others is to do; what `/keep` answers once there is something. */
export interface KeeperCommand {
  readonly open: string
}
