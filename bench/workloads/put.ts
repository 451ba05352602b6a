import { makeNewOrders, type Order } from '../data/orders.js'
import type { Store } from '../peers/peer.js'
import { checkIds } from './check.js'
import { type Outcome, paced, partly } from './measure.js'
import type { Round, Workload } from './workload.js'

const PUTS = 400
const RELAXED_PUTS = 2_000

export const put: Workload = {
  name: 'put',
  title: 'durable put, one at a time',
  unit: 'operations/s',
  writes: 'durable',
  onPages: true,
  limit: { name: 'append-flush', each: 1 },
  run: (round) => putAll(round, PUTS),
}

/** Opened for it, where a peer has a setting; the others do what they always do. */
export const putRelaxed: Workload = {
  name: 'put-relaxed',
  title: 'put that may be lost with the power, one at a time',
  unit: 'operations/s',
  writes: 'relaxed',
  onPages: true,
  async run(round) {
    await round.store.close()
    round.store = await round.peer.open('relaxed')
    const outcome = await putAll(round, RELAXED_PUTS)
    await round.store.close()
    round.store = await round.peer.open('strict')
    return outcome
  },
}

async function putAll(round: Round, puts: number): Promise<Outcome> {
  const { store, random, written, secondsMax } = round
  const docs = makeNewOrders(random, written, puts)
  const pace = await paced(docs, secondsMax, (doc) => store.put(doc))
  await complete(store, docs, pace.done)
  round.written += puts
  const ids = docs.map(({ id }) => id)
  return { value: pace.perSecond, checksum: await checkIds(store, ids), ...partly(pace, puts) }
}

/** What time did not allow is written all the same, so that all peers go on from equal data. */
export async function complete(store: Store, docs: readonly Order[], done: number): Promise<void> {
  if (done < docs.length) await store.insertAll(docs.slice(done))
}
