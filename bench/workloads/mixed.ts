import { makeNewOrders, type Order } from '../data/orders.js'
import { Zipfian } from '../data/zipfian.js'
import type { Change, Store } from '../peers/peer.js'
import { checkIds } from './check.js'
import { paced, partly } from './measure.js'
import { complete } from './put.js'
import type { Round, Workload } from './workload.js'

const OPERATIONS = 1_000
const SCAN_MAX = 100

/** One operation of a mix: it is known beforehand, and the same for every peer. */
type Step =
  | { do: 'read'; id: string }
  | { do: 'update'; id: string; change: Change }
  | { do: 'modify'; id: string; change: Change }
  | { do: 'scan'; id: string; limit: number }
  | { do: 'insert'; doc: Order }

/** How many of a hundred operations are what. */
type Mix = Partial<Record<Step['do'], number>>

/** The core workloads of YCSB: which document is drawn from a Zipfian distribution. */
export const mixes: readonly Workload[] = [
  mixed('a', 'half reads, half updates', { read: 50, update: 50 }),
  mixed('b', '95 % reads, 5 % updates', { read: 95, update: 5 }),
  mixed('c', 'reads alone', { read: 100 }),
  mixed('d', '95 % reads of the latest, 5 % inserts', { read: 95, insert: 5 }),
  mixed('e', '95 % ranges of up to 100 ids, 5 % inserts', { scan: 95, insert: 5 }),
  mixed('f', 'half reads, half read, change and write', { read: 50, modify: 50 }),
]

function mixed(letter: string, about: string, mix: Mix): Workload {
  return {
    name: `mixed-${letter}`,
    title: `YCSB ${letter.toUpperCase()}: ${about}`,
    unit: 'operations/s',
    ...(mix.read === 100 ? {} : { writes: 'durable' as const }),
    onPages: true,
    run: (round) => run(round, mix, letter === 'd'),
  }
}

async function run(round: Round, mix: Mix, latest: boolean) {
  const { store, secondsMax } = round
  const steps = makeSteps(round, mix, latest)
  const pace = await paced(steps, secondsMax, (step) => take(store, step))
  const left = steps.slice(pace.done)
  const docs = inserted(left)
  await complete(store, docs, 0)
  const changes = new Map(
    left.flatMap((step) => ('change' in step ? [[step.id, step.change]] : [])),
  )
  if (changes.size > 0) await store.updateAll(changes)
  round.written += inserted(steps).length
  const ids = steps.map((step) => ('id' in step ? step.id : step.doc.id))
  const checksum = await checkIds(store, ids)
  return { value: pace.perSecond, checksum, ...partly(pace, OPERATIONS) }
}

function makeSteps({ random, orders, written }: Round, mix: Mix, latest: boolean): Step[] {
  const zipfian = new Zipfian(random, orders.length)
  const docs = makeNewOrders(random, written, OPERATIONS)
  const spread = random.permutation(orders.length)
  const pickId = () => {
    const rank = zipfian.next()
    const at = latest ? orders.length - 1 - rank : (spread[rank] as number)
    return (orders[at] as Order).id
  }
  const choices = Object.entries(mix).flatMap(([name, share]) => Array(share).fill(name))
  return Array.from({ length: OPERATIONS }, (): Step => {
    const what: Step['do'] = random.pick(choices)
    if (what === 'insert') return { do: what, doc: docs.shift() as Order }
    const id = pickId()
    if (what === 'read') return { do: what, id }
    if (what === 'scan') return { do: what, id, limit: 1 + random.below(SCAN_MAX) }
    return { do: what, id, change: { status: 'packed', total: random.below(100_000) / 100 } }
  })
}

function inserted(steps: readonly Step[]): Order[] {
  return steps.flatMap((step) => (step.do === 'insert' ? [step.doc] : []))
}

function take(store: Store, step: Step): unknown {
  switch (step.do) {
    case 'read':
      return store.get(step.id)
    case 'update':
      return store.updateAll(new Map([[step.id, step.change]]))
    case 'modify':
      return modify(store, step.id, step.change)
    case 'scan':
      return store.idsFrom(step.id, step.limit)
    case 'insert':
      return store.put(step.doc)
  }
}

function modify(store: Store, id: string, change: Change): unknown {
  const write = (doc: Order | undefined) => store.put({ ...(doc as Order), ...change })
  const doc = store.get(id)
  return doc instanceof Promise ? doc.then(write) : write(doc)
}
