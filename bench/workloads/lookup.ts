import { customerCount, customerName, ORDERS_PER_CUSTOMER } from '../data/orders.js'
import { runQueries } from './queries.js'
import type { Workload } from './workload.js'

const LOOKUPS = 200

export const lookup: Workload = {
  name: 'lookup',
  title: `index lookup of ${ORDERS_PER_CUSTOMER} documents`,
  unit: 'operations/s',
  onPages: true,
  limit: { name: 'json-parse', each: ORDERS_PER_CUSTOMER },
  run(round) {
    const { store, orders, random } = round
    const customers = customerCount(orders.length)
    const names = Array.from({ length: LOOKUPS }, () => customerName(random.below(customers)))
    return runQueries(round, names, 1, (name) => store.byCustomer(name))
  },
}
