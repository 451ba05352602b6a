import type { Order } from '../data/orders.js'

/** A value, or a promise of one: some peers answer at once, others cannot. */
export type Awaitable<T> = T | Promise<T>

/** What an update changes in a document. */
export type Change = Pick<Order, 'status' | 'total'>

/** Whether a write survives a loss of power once it was acknowledged. */
export type Durability = 'strict' | 'relaxed'

/**
 * A database that takes part. It has an origin of its own, and all that is stored there is its own.
 */
export interface Peer {
  /** Loads what it needs, once for the worker. */
  load(): Promise<void>
  /** What the report says about it; asked after `load`. */
  about(): Awaitable<About>
  /** Opens the database, and makes it where there is none. */
  open(durability: Durability): Promise<Store>
  /** For databases that can have several durable writes under way in one worker. */
  openConcurrent?(): Promise<ConcurrentStore>
}

/**
 * `durable`: an acknowledged write was synced. `relaxed`: it cannot be had so, and an acknowledged
 * write is with the operating system. `memory`: all documents live in memory, and are saved.
 */
export type Kind = 'durable' | 'relaxed' | 'memory'

/** What the report says about a peer. */
export interface About {
  version: string
  kind: Kind
  /** How it is set up, one line each. */
  settings: string[]
  /** What has happened to a write that was acknowledged. */
  durability: string
  /** Whether it has a setting for faster writes that may be lost, which its relaxed writes use. */
  relaxes: boolean
  /** It takes no part with more documents than it can be expected to carry. */
  documentsMax?: number
}

/** An open database. Every write is as durable as it was opened for when it is done. */
export interface Store {
  /** Writes documents that are not there yet, in one transaction. */
  insertAll(docs: readonly Order[]): Awaitable<void>
  /** Writes one document, there or not, in a transaction of its own. */
  put(doc: Order): Awaitable<void>
  get(id: string): Awaitable<Order | undefined>
  /** The documents with these ids, which are all there, in the order asked. */
  getMany(ids: readonly string[]): Awaitable<Order[]>
  /** All orders of a customer. */
  byCustomer(customer: string): Awaitable<Order[]>
  /** The first `limit` orders placed at `from` or later, in that order. */
  placedFrom(from: number, limit: number): Awaitable<Order[]>
  /** The first `limit` orders whose id is `from` or later, in the order of their ids. */
  idsFrom(from: string, limit: number): Awaitable<Order[]>
  /** All orders for which a function of the caller holds, in the order of their ids. */
  matching(predicate: (order: Order) => boolean): Awaitable<Order[]>
  /**
   * All orders over `total` that have the status, in the order of their ids: without an index, and
   * in whichever way is the peer's fastest.
   */
  overTotal(total: number, status: string): Awaitable<Order[]>
  /** Changes documents in one transaction. */
  updateAll(changes: ReadonlyMap<string, Change>): Awaitable<void>
  /** Deletes documents in one transaction. */
  deleteAll(ids: readonly string[]): Awaitable<void>
  close(): Awaitable<void>
}

/** An open database that can have several writes under way. */
export interface ConcurrentStore {
  /** Writes one document, there or not, in a transaction of its own. */
  put(doc: Order): Promise<void>
  close(): Promise<void>
}
