import { checkIds } from './check.js'
import { rate } from './measure.js'
import type { Workload } from './workload.js'

const GETS = 5_000

export const get: Workload = {
  name: 'get',
  title: 'get by id',
  unit: 'operations/s',
  limit: { name: 'decode', each: 1 },
  async run({ store, orders, random }) {
    const ids = Array.from({ length: GETS }, () => random.pick(orders).id)
    let found = 0
    const value = await rate(GETS, async () => {
      for (const id of ids) {
        const reply = store.get(id)
        const doc = reply instanceof Promise ? await reply : reply
        if (doc !== undefined) found += 1
      }
    })
    if (found !== GETS) throw new Error(`${GETS - found} of ${GETS} documents were not found`)
    return { value, checksum: await checkIds(store, ids) }
  },
}
