// Does what a run asks of one participant, in a worker or in a page.
import { makeOrders, type Order } from '../data/orders.js'
import { Random } from '../data/random.js'
import { limits } from '../limits/index.js'
import { createPagePeer, createPeer } from '../peers/index.js'
import type { About, Peer } from '../peers/peer.js'
import { workloads } from '../workloads/index.js'
import type { Outcome } from '../workloads/measure.js'
import type { Round } from '../workloads/workload.js'
import type { Data, Request } from './protocol.js'

/** A document that no round has. */
const FIRST_ID = 'first'

export class Driver {
  #data: Data = { seed: 0, documents: 0, secondsMax: 0 }
  #orders: Order[] = []
  #peer: Peer | undefined
  #round: Round | undefined

  async answer(request: Request): Promise<unknown> {
    switch (request.call) {
      case 'start':
        return this.#start(request)
      case 'begin':
        return this.#begin(request.data)
      case 'run':
        return this.#run(request.measure, request.round)
      case 'end':
        return this.#end()
    }
  }

  /** Up to the first write that is durable: what a visitor waits for. */
  async #start(request: Request & { call: 'start' }): Promise<About | undefined> {
    const { participant, mode } = request
    if (participant === 'limits') return undefined
    const peer = await (mode === 'main' ? createPagePeer(participant) : createPeer(participant))
    await peer.load()
    const store = await peer.open('strict')
    const [order] = makeOrders(0, 1)
    await store.put({ ...(order as Order), id: FIRST_ID })
    await store.close()
    this.#peer = peer
    return peer.about()
  }

  async #begin(data: Data): Promise<void> {
    const { seed, documents } = data
    this.#data = data
    this.#orders = makeOrders(seed, documents)
    if (this.#peer === undefined) return
    const store = await this.#peer.open('strict')
    await store.deleteAll([FIRST_ID])
    this.#round = {
      peer: this.#peer,
      store,
      orders: this.#orders,
      written: 0,
      random: new Random(seed),
      secondsMax: data.secondsMax,
    }
  }

  async #run(measure: string, number: number): Promise<Outcome> {
    const limit = limits.find(({ name }) => name === measure)
    if (limit !== undefined) return limit.run(this.#orders)
    const workload = workloads.find(({ name }) => name === measure)
    const round = this.#round
    if (workload === undefined || round === undefined) throw new Error(`cannot run ${measure}`)
    // Written back, because a workload may leave another store and more documents behind.
    const current = { ...round, random: new Random(this.#data.seed, measure, number) }
    const outcome = await workload.run(current)
    this.#round = current
    return outcome
  }

  async #end(): Promise<void> {
    await this.#round?.store.close()
    this.#round = undefined
  }
}
