import type { Order } from '../data/orders.js'
import type { Outcome } from '../workloads/measure.js'

/** What the platform does at best, or what no store of documents can do without. */
export interface Limit {
  readonly name: string
  /** As the report calls it. */
  readonly title: string
  readonly unit: 'operations/s'
  /** Whether pages have it too. */
  readonly onPages: boolean
  run(orders: readonly Order[]): Promise<Outcome>
}
