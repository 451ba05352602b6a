// The worker of one participant.
import { makeOrders, type Order } from '../data/orders.js'
import { Random } from '../data/random.js'
import { limits } from '../limits/index.js'
import { createPeer } from '../peers/index.js'
import type { About, Peer } from '../peers/peer.js'
import { workloads } from '../workloads/index.js'
import type { Outcome } from '../workloads/measure.js'
import type { Round } from '../workloads/workload.js'
import type { Request } from './protocol.js'

declare const self: DedicatedWorkerGlobalScope

let seed = 0
let orders: Order[] = []
let peer: Peer | undefined
let round: Round | undefined

self.onmessage = async ({ data }: MessageEvent<Request>) => {
  const reply = await answer(data).then(
    (value) => ({ value }),
    (error) => ({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
  )
  self.postMessage(reply)
}

async function answer(request: Request): Promise<unknown> {
  switch (request.call) {
    case 'load':
      return load(request)
    case 'begin':
      return begin()
    case 'run':
      return run(request.measure, request.round)
    case 'end':
      return end()
  }
}

async function load(request: Request & { call: 'load' }): Promise<About | undefined> {
  seed = request.data.seed
  orders = makeOrders(seed, request.data.documents)
  if (request.participant === 'limits') return undefined
  peer = await createPeer(request.participant)
  await peer.load()
  await peer.remove()
  return peer.about()
}

async function begin(): Promise<void> {
  if (peer === undefined) return
  const store = await peer.open()
  round = { peer, store, orders, written: 0, random: new Random(seed) }
}

async function run(measure: string, number: number): Promise<Outcome> {
  const limit = limits.find(({ name }) => name === measure)
  if (limit !== undefined) return limit.run(orders)
  const workload = workloads.find(({ name }) => name === measure)
  if (workload === undefined || round === undefined) throw new Error(`cannot run ${measure}`)
  // Written back, because a workload may leave another store and more documents behind.
  const current = { ...round, random: new Random(seed, measure, number) }
  const outcome = await workload.run(current)
  round = current
  return outcome
}

async function end(): Promise<void> {
  await round?.store.close()
  await peer?.remove()
  round = undefined
}
