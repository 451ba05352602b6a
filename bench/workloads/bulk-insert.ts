import { rate } from './measure.js'
import type { Workload } from './workload.js'

/** All documents into an empty database, in one transaction. It comes first in a round. */
export const bulkInsert: Workload = {
  name: 'bulk-insert',
  title: 'bulk insert, one transaction',
  unit: 'operations/s',
  writes: 'durable',
  onPages: true,
  limit: { name: 'encode', each: 1 },
  async run(round) {
    const { store, orders } = round
    const value = await rate(orders.length, () => store.insertAll(orders))
    round.written = orders.length
    return { value }
  },
}
