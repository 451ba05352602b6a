import { invalidInput } from './errors.js'
import { idOf } from './input.js'
import { dropping, encodePlan, type Order, reversing, taking } from './plan.js'
import type { Port } from './port.js'
import { type Items, isThenable, type Routine, Wait, wait } from './routine.js'
import { type Lease, rows, type Source } from './rows.js'
import {
  dropped,
  filtered,
  flattened,
  fold,
  mapped,
  reversed,
  type Stage,
  search,
  taken,
  toArray,
} from './stages.js'

type Closure = (value: unknown, index: number) => unknown

/** What a query reads, and through which closures it passes. */
interface Recipe extends Source {
  /** What is done here, in the order written. */
  readonly stages: readonly Stage[]
}

/**
 * A query of either kind: `Query` where its session drives routines with promises, `SyncQuery`
 * where it runs them straight through. `reverse()` after a closure, `take` or `drop` has to hold
 * all that comes before it in memory; everything else goes on by pages.
 */
export class QueryVerbs {
  readonly #recipe: Recipe

  constructor(recipe: Recipe) {
    this.#recipe = recipe
  }

  filter(predicate: Closure): QueryVerbs {
    return this.#then(filtered(checked(predicate, 'filter')))
  }

  map(mapper: Closure): QueryVerbs {
    return this.#then(mapped(checked(mapper, 'map')))
  }

  flatMap(mapper: Closure): QueryVerbs {
    return this.#then(flattened(checked(mapper, 'flatMap')))
  }

  take(limit: number): QueryVerbs {
    checkCount(limit, 'take')
    return this.#pushed(taking(this.#recipe.order, limit)) ?? this.#then(taken(limit))
  }

  drop(count: number): QueryVerbs {
    checkCount(count, 'drop')
    return this.#pushed(dropping(this.#recipe.order, count)) ?? this.#then(dropped(count))
  }

  reverse(): QueryVerbs {
    return this.#pushed(reversing(this.#recipe.order)) ?? this.#then(reversed)
  }

  forEach(visit: Closure) {
    checked(visit, 'forEach')
    return this.#run(function* (items) {
      yield* search(items, (value, i) => after(visit(value, i), () => false))
    })
  }

  some(predicate: Closure) {
    checked(predicate, 'some')
    return this.#run(function* (items) {
      return (yield* search(items, predicate)) !== undefined
    })
  }

  every(predicate: Closure) {
    checked(predicate, 'every')
    return this.#run(function* (items) {
      const not: Closure = (value, i) => after(predicate(value, i), (holds) => !holds)
      return (yield* search(items, not)) === undefined
    })
  }

  find(predicate: Closure) {
    checked(predicate, 'find')
    return this.#run(function* (items) {
      return (yield* search(items, predicate))?.[0]
    })
  }

  reduce(reducer: (memo: unknown, value: unknown, i: number) => unknown, ...initial: unknown[]) {
    checked(reducer, 'reduce')
    return this.#run((items) => fold(items, reducer, initial))
  }

  toArray() {
    return this.#run(toArray)
  }

  first() {
    return this.take(1).find(() => true)
  }

  count() {
    const { session, stages } = this.#recipe
    if (stages.length > 0) return this.reduce((n) => (n as number) + 1, 0)
    const { port, view } = session
    return session.drive(
      this.#asked((bytes) => port.call<'queryCount'>({ call: 'queryCount', view, bytes })),
    )
  }

  ids() {
    const { session, stages } = this.#recipe
    if (stages.length > 0) return this.map(idOf).toArray()
    return session.drive(toArray(rows(this.#recipe, 'ids', true)))
  }

  explain() {
    const { session } = this.#recipe
    const { port, view } = session
    return session.drive(
      this.#asked((bytes) => port.call<'explain'>({ call: 'explain', view, bytes })),
    )
  }

  /** One iteration, over a snapshot of its own; `lease` is what it holds in the engine. */
  items(eager: boolean, lease?: Lease): Items<unknown> {
    const { stages } = this.#recipe
    let items: Items<unknown> = rows(this.#recipe, 'documents', eager, lease)
    for (const stage of stages) items = stage(items)
    return items
  }

  get port(): Port {
    return this.#recipe.session.port
  }

  #run<R>(end: (items: Items<unknown>) => Routine<R>) {
    const { session } = this.#recipe
    return session.drive(end(this.items(true)))
  }

  *#asked<R>(ask: (bytes: Uint8Array) => R | Promise<R>): Routine<R> {
    const { session, handle, access, order } = this.#recipe
    const collection = yield* handle.id(session.port)
    return yield* wait(ask(encodePlan(collection, access, order, 'documents')))
  }

  #then(stage: Stage): QueryVerbs {
    return this.#like({ ...this.#recipe, stages: [...this.#recipe.stages, stage] })
  }

  /** Leaves a verb to the engine, unless it cannot do it or a closure comes before it. */
  #pushed(order: Order | undefined): QueryVerbs | undefined {
    if (order === undefined || this.#recipe.stages.length > 0) return undefined
    return this.#like({ ...this.#recipe, order })
  }

  #like(recipe: Recipe): QueryVerbs {
    return new (this.constructor as typeof QueryVerbs)(recipe)
  }
}

/** `then` for what may be a promise: at once where it is none. */
function after(value: unknown, next: (value: unknown) => unknown): unknown {
  return isThenable(value) ? value.then(next) : next(value)
}

function checked(closure: unknown, verb: string): never {
  if (typeof closure === 'function') return closure as never
  throw invalidInput(`${verb} takes a function, not ${typeof closure}`)
}

function checkCount(count: unknown, verb: string): void {
  if (Number.isSafeInteger(count) && (count as number) >= 0) return
  throw invalidInput(`${verb} takes a whole number from 0 on, not ${String(count)}`)
}

/** Lets go of the cursors of iterations that were dropped without being ended. */
const abandoned = new FinalizationRegistry<{ port: Port; lease: Lease }>(({ port, lease }) => {
  if (lease.cursor !== 0) port.tell({ call: 'closeCursor', cursor: lease.cursor })
})

/** A query whose documents are waited for. */
export class AsyncQuery extends QueryVerbs {
  [Symbol.asyncIterator](): AsyncGenerator<unknown, void, undefined> {
    const lease: Lease = { cursor: 0 }
    const iterator = values(this.items(false, lease))
    abandoned.register(iterator, { port: this.port, lease })
    return iterator
  }
}

async function* values(items: Items<unknown>): AsyncGenerator<unknown, void, undefined> {
  for (const item of items) {
    if (item instanceof Wait) await item.settle()
    else yield item
  }
}
