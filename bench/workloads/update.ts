import type { Change } from '../peers/peer.js'
import { checkIds } from './check.js'
import { rate } from './measure.js'
import type { Workload } from './workload.js'

const UPDATES = 2_000

/** Two fields of each document, neither of them indexed. */
export const update: Workload = {
  name: 'update',
  title: `update of ${UPDATES.toLocaleString('en')} documents, one transaction`,
  unit: 'operations/s',
  writes: 'durable',
  onPages: true,
  async run({ store, orders, random }) {
    const changes = new Map<string, Change>()
    for (let i = 0; i < UPDATES; i++) {
      const change = { status: 'returned', total: random.below(100_000) / 100 }
      changes.set(random.pick(orders).id, change)
    }
    const value = await rate(changes.size, () => store.updateAll(changes))
    return { value, checksum: await checkIds(store, changes.keys()) }
  },
}
