import { makeNewOrders, type Order } from '../data/orders.js'
import type { ConcurrentStore, Store } from '../peers/peer.js'
import { checkIds } from './check.js'
import { rate } from './measure.js'
import type { Round, Workload } from './workload.js'

const PUTS = 1_024
const IN_FLIGHT = 64

/** A peer without concurrent writes does them one by one, which is all that it can do. */
export const putInFlight: Workload = {
  name: 'put-in-flight',
  title: `durable puts, ${IN_FLIGHT} in flight`,
  unit: 'operations/s',
  writes: 'durable',
  async run(round) {
    const docs = makeNewOrders(round.random, round.written, PUTS)
    const value = await measure(round, docs)
    round.written += PUTS
    const ids = docs.map(({ id }) => id)
    return { value, checksum: await checkIds(round.store, ids) }
  },
}

async function measure(round: Round, docs: readonly Order[]): Promise<number> {
  const { peer, store } = round
  if (peer.openConcurrent === undefined) return rate(PUTS, () => oneByOne(store, docs))
  await store.close()
  const concurrent = await peer.openConcurrent()
  const value = await rate(PUTS, () => inFlight(concurrent, docs))
  await concurrent.close()
  round.store = await peer.open()
  return value
}

async function oneByOne(store: Store, docs: readonly Order[]): Promise<void> {
  for (const doc of docs) {
    const done = store.put(doc)
    if (done !== undefined) await done
  }
}

/** As so many callers do that each wait for one put before the next. */
async function inFlight(store: ConcurrentStore, docs: readonly Order[]): Promise<void> {
  let next = 0
  const caller = async () => {
    for (let doc = docs[next++]; doc !== undefined; doc = docs[next++]) await store.put(doc)
  }
  await Promise.all(Array.from({ length: IN_FLIGHT }, caller))
}
