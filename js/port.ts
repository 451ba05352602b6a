import type { Answer, CallName, RawProgress, Request } from './protocol.js'
import type { Drive } from './routine.js'

/** How a call that takes long is watched and given up. */
export interface Watch {
  readonly onProgress?: ((progress: RawProgress) => void) | undefined
  readonly signal?: AbortSignal | undefined
}

/** The way to an engine: in this very thread, or behind messages. */
export interface Port {
  /** Whether answers take a message each way, so that it pays to ask ahead of need. */
  readonly remote: boolean
  /** Carries out a call. It throws where the engine is here, and rejects where it is not. */
  call<N extends CallName>(request: Request<N>, watch?: Watch): Answer<N> | Promise<Answer<N>>
  /** Carries out a call whose answer nobody waits for. */
  tell(request: Request): void
  /** A number for a new snapshot or transaction. */
  newView(): number
  /** Lets other tasks of this thread have their turn where others may wait for it. */
  pause(): Promise<void> | undefined
}

/** What a collection or query reads and writes: the newest state, a snapshot or a transaction. */
export interface Session {
  readonly port: Port
  /** The view of the engine; 0 is the newest commit. */
  readonly view: number
  readonly drive: Drive
  /** Whether writes wait for a sync where a call does not say. */
  readonly strict: boolean
  /** Of a transaction: writes are kept aside in it. */
  readonly transaction?: {
    /** Makes it impossible to commit: a write of several pieces has stopped in the middle. */
    fail(error: unknown): void
  }
}
