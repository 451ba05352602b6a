import { checkIds } from './check.js'
import { rate } from './measure.js'
import type { Workload } from './workload.js'

const DELETES = 1_000

/** They come back afterwards, for the workloads that follow. */
export const deletion: Workload = {
  name: 'delete',
  title: `delete of up to ${DELETES.toLocaleString('en')} documents, one transaction`,
  unit: 'operations/s',
  writes: 'durable',
  onPages: true,
  async run({ store, orders, random }) {
    const deletes = Math.min(DELETES, orders.length / 2)
    const ids = [...new Set(Array.from({ length: deletes }, () => random.pick(orders).id))].sort()
    const docs = await store.getMany(ids)
    const value = await rate(ids.length, () => store.deleteAll(ids))
    const checksum = await checkIds(store, [...ids.slice(0, 20), orders[0]?.id ?? ''])
    await store.insertAll(docs)
    return { value, checksum }
  },
}
