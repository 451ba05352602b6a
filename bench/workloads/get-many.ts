import { runQueries } from './queries.js'
import type { Workload } from './workload.js'

const TIMES = 200
const IDS = 100

export const getMany: Workload = {
  name: 'get-many',
  title: `get ${IDS} documents by their ids at once`,
  unit: 'operations/s',
  onPages: true,
  limit: { name: 'json-parse', each: IDS },
  run(round) {
    const { store, orders, random } = round
    const inputs = Array.from({ length: TIMES }, () =>
      Array.from({ length: IDS }, () => random.pick(orders).id),
    )
    return runQueries(round, inputs, 1, (ids) => store.getMany(ids))
  },
}
