import { placedBefore } from '../data/orders.js'
import { runQueries } from './queries.js'
import type { Workload } from './workload.js'

const RANGES = 200
const LENGTH = 100

export const range: Workload = {
  name: 'range',
  title: `range of ${LENGTH} documents in index order`,
  unit: 'operations/s',
  onPages: true,
  limit: { name: 'json-parse', each: LENGTH },
  run(round) {
    const { store, orders, random } = round
    const starts = Array.from({ length: RANGES }, () => placedBefore(random, orders.length, LENGTH))
    return runQueries(round, starts, 1, (from) => store.placedFrom(from, LENGTH))
  },
}
