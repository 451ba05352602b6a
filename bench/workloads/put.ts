import { makeNewOrders } from '../data/orders.js'
import { checkIds } from './check.js'
import { rate } from './measure.js'
import type { Workload } from './workload.js'

const PUTS = 400

export const put: Workload = {
  name: 'put',
  title: 'durable put, one at a time',
  unit: 'operations/s',
  writes: 'durable',
  limit: { name: 'append-flush', each: 1 },
  async run(round) {
    const { store, random, written } = round
    const docs = makeNewOrders(random, written, PUTS)
    const value = await rate(PUTS, async () => {
      for (const doc of docs) {
        const done = store.put(doc)
        if (done !== undefined) await done
      }
    })
    round.written += PUTS
    return {
      value,
      checksum: await checkIds(
        store,
        docs.map(({ id }) => id),
      ),
    }
  },
}
