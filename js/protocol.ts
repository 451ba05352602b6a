/**
 * What a page and the worker that hosts its database say to each other. `bytes` are messages of the
 * engine's host module, which neither this file nor the worker looks into; they are transferred.
 */

import type { WireError } from './errors.js'
import type { StorageBackend } from './types/open.js'
import type { Explanation } from './types/report.js'

/** Raised whenever a message changes its meaning; both sides must have the same one. */
export const PROTOCOL = 1

/** What every read says: 0 for the newest commit, or the number of a snapshot or transaction. */
interface In {
  readonly view: number
}

interface Of extends In {
  readonly collection: number
}

interface Bytes {
  bytes: Uint8Array
}

interface PageLimits {
  readonly maxBytes: number
  readonly maxRows: number
}

/** How far a call that takes long has come; collections have numbers here. */
export interface RawProgress {
  readonly phase: string
  readonly done: number
  readonly total: number
  readonly collection?: number
}

/** Every call by its name: what it takes and what it answers. */
interface Calls {
  get: [Of & Bytes, Uint8Array | undefined]
  getMany: [Of & Bytes, Uint8Array]
  has: [Of & Bytes, boolean]
  hash: [Of & Bytes, Uint8Array | undefined]
  count: [Of, number]
  queryPage: [In & Bytes & PageLimits, Uint8Array]
  page: [{ readonly cursor: number } & PageLimits, Uint8Array]
  closeCursor: [{ readonly cursor: number }, undefined]
  queryCount: [In & Bytes, number]
  explain: [In & Bytes, Explanation]

  stage: [Bytes & { readonly strict: boolean }, Uint8Array]
  /** The caller chooses the number of the view, so that it need not wait for the answer. */
  begin: [In, undefined]
  snapshot: [In, undefined]
  txStage: [In & Bytes, Uint8Array]
  txCommit: [In & { readonly strict: boolean }, Uint8Array]
  /** Ends a snapshot, or rolls a transaction back. */
  release: [In, undefined]

  collectionId: [{ readonly name: string }, number]
  declare: [Bytes, Uint8Array]
  createCollection: [Bytes, number]
  dropCollection: [{ readonly collection: number }, undefined]
  clear: [{ readonly collection: number }, undefined]
  dropIndex: [{ readonly collection: number } & Bytes, undefined]
  indexes: [{ readonly collection: number }, Uint8Array]
  schemaVersion: [object, number]
  setSchemaVersion: [{ readonly version: number }, undefined]
  checkpoint: [object, undefined]
  stats: [object, unknown]
  close: [object, undefined]

  /** Those that take long: they tell their progress and can be cancelled. */
  build: [object, undefined]
  createIndex: [{ readonly collection: number } & Bytes, undefined]
  compact: [object, unknown]
}

/** The name of a call. */
export type CallName = keyof Calls

/** A call, told from the others by `call`. */
export type Request<N extends CallName = CallName> = {
  [K in N]: { readonly call: K } & Calls[K][0]
}[N]

/** What the call `N` answers. */
export type Answer<N extends CallName> = Calls[N][1]

/** What the worker opens. */
export interface HostOptions {
  readonly name: string
  readonly storage: string
  readonly databaseId: Uint8Array
  readonly createIfMissing: boolean
  readonly errorIfExists: boolean
  readonly readOnly: boolean
}

/** What an open database says about itself. */
export interface Opened {
  readonly backend: StorageBackend
  readonly created: boolean
  readonly schemaVersion: number
  /** What whoever opened it should know. */
  readonly warning?: WireError
}

/** What a worker says about the database that it hosts. */
export interface Hosted extends Opened {
  /** Where to look whether it is still there; undefined where it is no file. */
  readonly volume: FileSystemFileHandle | undefined
}

/** A request and the number that its answer will carry. */
export interface Numbered {
  readonly number: number
  readonly request: Request
}

/** The answer to one request: an error, bytes or another value. */
export interface Reply {
  readonly number: number
  readonly error?: WireError
  bytes?: Uint8Array
  readonly value?: unknown
}

/** The first message from the page: what the worker is there for. */
export type First = {
  readonly protocol: number
  readonly module: WebAssembly.Module
  /** The address of the script for databases in IndexedDB. */
  readonly indexedDb: string
  /** The lock that the worker holds as long as it lives, where there are locks. */
  readonly life: string
} & (
  | { readonly type: 'open'; readonly options: HostOptions }
  | { readonly type: 'list' }
  | { readonly type: 'remove'; readonly name: string }
)

/** From the page. */
export type ToHost =
  | First
  | { readonly type: 'calls'; readonly calls: readonly Numbered[] }
  | { readonly type: 'cancel'; readonly number: number }

/** From the worker. */
export type FromHost =
  /** It runs and has understood; what it was asked for may still take a while. */
  | { readonly type: 'started' }
  /** The answer to the first message. */
  | { readonly type: 'ready'; readonly value: unknown }
  | { readonly type: 'failed'; readonly error: WireError }
  | { readonly type: 'replies'; readonly replies: readonly Reply[] }
  | { readonly type: 'progress'; readonly number: number; readonly progress: RawProgress }
  /** Work that nobody waits for has failed. */
  | { readonly type: 'trouble'; readonly error: WireError }
  /** The engine has stopped and answers nothing any more. */
  | { readonly type: 'lost'; readonly error: WireError }

/** Byte arrays up to this length are worth copying, so that a message transfers fewer buffers. */
const SMALL_BYTES_MAX = 64 * 1024

/**
 * Puts the small byte arrays of a message into one buffer, and returns what is to be transferred:
 * that and the buffers of the large ones.
 */
export function pack(parts: readonly { bytes?: Uint8Array | undefined }[]): ArrayBuffer[] {
  const buffers: ArrayBuffer[] = []
  const small: { bytes: Uint8Array }[] = []
  let total = 0
  for (const part of parts) {
    const { bytes } = part
    if (bytes === undefined) continue
    if (bytes.length > SMALL_BYTES_MAX && bytes.length === bytes.buffer.byteLength) {
      buffers.push(bytes.buffer as ArrayBuffer)
    } else {
      total += bytes.length
      small.push(part as { bytes: Uint8Array })
    }
  }
  if (small.length === 0) return buffers
  const shared = new Uint8Array(total)
  let at = 0
  for (const part of small) {
    const end = at + part.bytes.length
    shared.set(part.bytes, at)
    part.bytes = shared.subarray(at, end)
    at = end
  }
  buffers.push(shared.buffer)
  return buffers
}
