import type { Order } from '../data/orders.js'
import type { Awaitable } from '../peers/peer.js'
import { runQueries } from './queries.js'
import type { Round, Workload } from './workload.js'

/** Small collections are gone through several times, for the clock is coarse. */
const DOCUMENTS_MIN = 40_000
/** About one document in a hundred matches. */
const TOTAL = 950
const STATUS = 'open'

/** One operation is one document looked at. */
export const scan: Workload = {
  name: 'scan',
  title: 'full scan, filter is a function, documents',
  unit: 'operations/s',
  onPages: false,
  limit: { name: 'json-parse', each: 1 },
  run: (round) => {
    const matches = ({ total, status }: Order) => total > TOTAL && status === STATUS
    return throughAll(round, () => round.store.matching(matches))
  },
}

/** As `scan`, but the peer may evaluate the filter where it likes, without making objects. */
export const filter: Workload = {
  name: 'filter',
  title: "full scan, filter in the peer's way, documents",
  unit: 'operations/s',
  onPages: false,
  limit: { name: 'json-parse', each: 1 },
  run: (round) => throughAll(round, () => round.store.overTotal(TOTAL, STATUS)),
}

function throughAll(round: Round, ask: () => Awaitable<Order[]>) {
  const { written } = round
  const times = Math.ceil(DOCUMENTS_MIN / written)
  return runQueries(round, Array.from({ length: times }), written, ask)
}
