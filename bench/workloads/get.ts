import { checkIds } from './check.js'
import { paced, partly } from './measure.js'
import type { Workload } from './workload.js'

const GETS = 5_000

export const get: Workload = {
  name: 'get',
  title: 'get by id',
  unit: 'operations/s',
  onPages: true,
  limit: { name: 'json-parse', each: 1 },
  limitOnPages: { name: 'round-trip', each: 1 },
  async run({ store, orders, random, secondsMax }) {
    const ids = Array.from({ length: GETS }, () => random.pick(orders).id)
    let missing = 0
    const count = (doc: unknown) => {
      if (doc === undefined) missing += 1
    }
    const pace = await paced(ids, secondsMax, (id) => {
      const reply = store.get(id)
      return reply instanceof Promise ? reply.then(count) : count(reply)
    })
    if (missing > 0) throw new Error(`${missing} of ${pace.done} documents were not found`)
    return { value: pace.perSecond, checksum: await checkIds(store, ids), ...partly(pace, GETS) }
  },
}
