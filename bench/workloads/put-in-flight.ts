import { makeNewOrders, type Order } from '../data/orders.js'
import type { ConcurrentStore } from '../peers/peer.js'
import { checkIds } from './check.js'
import { type Paced, paced, partly } from './measure.js'
import { complete } from './put.js'
import type { Round, Workload } from './workload.js'

const PUTS = 1_024
const IN_FLIGHT = 64

/** A peer without concurrent writes does them one by one, which is all that it can do. */
export const putInFlight: Workload = {
  name: 'put-in-flight',
  title: `durable puts, ${IN_FLIGHT} in flight`,
  unit: 'operations/s',
  writes: 'durable',
  onPages: true,
  async run(round) {
    const docs = makeNewOrders(round.random, round.written, PUTS)
    const pace = await measure(round, docs)
    await complete(round.store, docs, pace.done)
    round.written += PUTS
    const ids = docs.map(({ id }) => id)
    const checksum = await checkIds(round.store, ids)
    return { value: pace.perSecond, checksum, ...partly(pace, PUTS) }
  },
}

async function measure(round: Round, docs: readonly Order[]): Promise<Paced> {
  const { peer, store, secondsMax } = round
  if (peer.openConcurrent === undefined) return paced(docs, secondsMax, (doc) => store.put(doc))
  await store.close()
  const concurrent = await peer.openConcurrent()
  const pace = await inFlight(concurrent, docs, secondsMax)
  await concurrent.close()
  round.store = await peer.open('strict')
  return pace
}

/** As so many callers do that each wait for one put before the next. */
async function inFlight(
  store: ConcurrentStore,
  docs: readonly Order[],
  secondsMax: number,
): Promise<Paced> {
  const start = performance.now()
  let next = 0
  const caller = async () => {
    while (next < docs.length && performance.now() - start < secondsMax * 1000) {
      await store.put(docs[next++] as Order)
    }
  }
  await Promise.all(Array.from({ length: IN_FLIGHT }, caller))
  return { perSecond: (next * 1000) / (performance.now() - start), done: next }
}
