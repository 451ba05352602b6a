import type { Order } from '../data/orders.js'
import type { PeerName } from './names.js'
import type { About, Change, ConcurrentStore, Durability, Peer, Store } from './peer.js'

/** What is called in the worker: of the peer, or of the store that it has open. */
export interface Call {
  readonly id: number
  readonly of: 'peer' | 'store'
  readonly method: string
  readonly args: readonly unknown[]
}

/** Its answer. */
export type Answer =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly error: string }

/**
 * A peer that has to run in a worker, from a page: one message there and one back for each call,
 * as its users would have it. Functions cannot be sent, so scans are not to be had.
 */
export class RemotePeer implements Peer {
  readonly #call: (of: Call['of'], method: string, ...args: unknown[]) => Promise<never>

  constructor(name: PeerName) {
    const url = new URL('./remote-worker.js', import.meta.url)
    const worker = new Worker(url, { type: 'module', name })
    const waiting = new Map<number, PromiseWithResolvers>()
    let calls = 0
    worker.onmessage = ({ data }: MessageEvent<Answer>) => {
      const promise = waiting.get(data.id)
      waiting.delete(data.id)
      if ('error' in data) promise?.reject(new Error(data.error))
      else promise?.resolve(data.value as never)
    }
    this.#call = (of, method, ...args) =>
      new Promise((resolve, reject) => {
        const id = ++calls
        waiting.set(id, { resolve, reject })
        worker.postMessage({ id, of, method, args } satisfies Call)
      })
  }

  load(): Promise<void> {
    return this.#call('peer', 'load')
  }

  about(): Promise<About> {
    return this.#call('peer', 'about')
  }

  async open(durability: Durability): Promise<Store> {
    await this.#call('peer', 'open', durability)
    return new RemoteStore(this.#call)
  }

  /** Its calls wait for nothing but their own answers. */
  openConcurrent(): Promise<ConcurrentStore & Store> {
    return this.open('strict') as Promise<ConcurrentStore & Store>
  }
}

interface PromiseWithResolvers {
  resolve(value: never): void
  reject(error: Error): void
}

class RemoteStore implements Store {
  readonly #call: <T>(method: string, ...args: unknown[]) => Promise<T>

  constructor(call: (of: 'store', method: string, ...args: unknown[]) => Promise<never>) {
    this.#call = (method, ...args) => call('store', method, ...args)
  }

  insertAll(docs: readonly Order[]): Promise<void> {
    return this.#call('insertAll', docs)
  }

  put(doc: Order): Promise<void> {
    return this.#call('put', doc)
  }

  get(id: string): Promise<Order | undefined> {
    return this.#call('get', id)
  }

  getMany(ids: readonly string[]): Promise<Order[]> {
    return this.#call('getMany', ids)
  }

  byCustomer(customer: string): Promise<Order[]> {
    return this.#call('byCustomer', customer)
  }

  placedFrom(from: number, limit: number): Promise<Order[]> {
    return this.#call('placedFrom', from, limit)
  }

  idsFrom(from: string, limit: number): Promise<Order[]> {
    return this.#call('idsFrom', from, limit)
  }

  async matching(): Promise<Order[]> {
    throw new Error('a function cannot be sent to a worker')
  }

  overTotal(total: number, status: string): Promise<Order[]> {
    return this.#call('overTotal', total, status)
  }

  updateAll(changes: ReadonlyMap<string, Change>): Promise<void> {
    return this.#call('updateAll', changes)
  }

  deleteAll(ids: readonly string[]): Promise<void> {
    return this.#call('deleteAll', ids)
  }

  close(): Promise<void> {
    return this.#call('close')
  }
}
