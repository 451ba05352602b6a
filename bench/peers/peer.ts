import type { Order } from '../data/orders.js'

/** A value, or a promise of one: some peers answer at once, others cannot. */
export type Awaitable<T> = T | Promise<T>

/** What an update changes in a document. */
export type Change = Pick<Order, 'status' | 'total'>

/**
 * A database that takes part. It runs in a dedicated worker of its own and keeps everything in one
 * folder of the origin private file system.
 */
export interface Peer {
  /** Loads what it needs, once for the worker. What that takes is not measured. */
  load(): Promise<void>
  /** What the report says about it; asked after `load`. */
  about(): Awaitable<About>
  /** Opens the database, and makes it where there is none. */
  open(): Promise<Store>
  /** For databases that can have several durable writes under way in one worker. */
  openConcurrent?(): Promise<ConcurrentStore>
  /** Deletes the database, which is closed. */
  remove(): Promise<void>
  /** The folder in the origin private file system that has all its files. */
  readonly folder: string
}

/** What the report says about a peer. */
export interface About {
  version: string
  /** How it is set up, one line each. */
  settings: string[]
  /** What has happened to a write that was acknowledged. */
  durability: string
}

/** An open database. Every write has been made durable when it is done. */
export interface Store {
  /** Writes documents that are not there yet, in one transaction. */
  insertAll(docs: readonly Order[]): Awaitable<void>
  /** Writes one document, there or not, in a transaction of its own. */
  put(doc: Order): Awaitable<void>
  get(id: string): Awaitable<Order | undefined>
  /** All orders of a customer. */
  byCustomer(customer: string): Awaitable<Order[]>
  /** The first `limit` orders placed at `from` or later, in that order. */
  placedFrom(from: number, limit: number): Awaitable<Order[]>
  /** All orders for which a function of the caller holds, in the order of their ids. */
  matching(predicate: (order: Order) => boolean): Awaitable<Order[]>
  /**
   * All orders over `total` that have the status, in the order of their ids: without an index, and
   * in whichever way is the peer's fastest.
   */
  overTotal(total: number, status: string): Awaitable<Order[]>
  /** Changes documents in one transaction. */
  updateAll(changes: ReadonlyMap<string, Change>): Awaitable<void>
  close(): Awaitable<void>
}

/** An open database that can have several writes under way. */
export interface ConcurrentStore {
  /** Writes one document, there or not, in a transaction of its own. */
  put(doc: Order): Promise<void>
  close(): Promise<void>
}
