/** The verbs of a query that run in the caller's thread: on the way, and at the end. */

import { invalidInput } from './errors.js'
import { type Items, isThenable, type Routine, Wait, wait } from './routine.js'

/** Makes other values of those that come, one by one and no sooner than they are asked for. */
// biome-ignore lint/suspicious/noExplicitAny: a chain of stages has any types in between.
export type Stage = (items: Items<any>) => Items<any>

type Closure = (value: unknown, index: number) => unknown

/** `limit` of the values at most. */
export const taken = (limit: number): Stage => {
  return function* (items) {
    let left = limit
    if (left === 0) return
    for (const item of items) {
      yield item
      if (!(item instanceof Wait) && --left === 0) return
    }
  }
}

/** All values but the first `count`. */
export const dropped = (count: number): Stage => {
  return function* (items) {
    let left = count
    for (const item of items) {
      if (item instanceof Wait || left === 0) yield item
      else left -= 1
    }
  }
}

/** The values from the last to the first, which takes having them all. */
export const reversed: Stage = function* (items) {
  const all = yield* toArray(items)
  while (all.length > 0) yield all.pop()
}

/** Those values for which `predicate` holds. */
export const filtered = (predicate: Closure): Stage => {
  return function* (items) {
    let i = 0
    for (const item of items) {
      if (item instanceof Wait) {
        yield item
        continue
      }
      let holds = predicate(item, i++)
      if (isThenable(holds)) holds = yield* wait(holds)
      if (holds) yield item
    }
  }
}

/** What `mapper` makes of each value. */
export const mapped = (mapper: Closure): Stage => {
  return function* (items) {
    let i = 0
    for (const item of items) {
      if (item instanceof Wait) {
        yield item
        continue
      }
      const value = mapper(item, i++)
      yield isThenable(value) ? yield* wait(value) : value
    }
  }
}

/** Everything in what `mapper` makes of each value. */
export const flattened = (mapper: Closure): Stage => {
  return function* (items) {
    let i = 0
    for (const item of items) {
      if (item instanceof Wait) yield item
      else yield* elements(yield* wait(mapper(item, i++)))
    }
  }
}

function* elements(source: unknown): Items<unknown> {
  if (typeof source === 'object' && source !== null) {
    if (Symbol.iterator in source) return yield* source as Iterable<unknown> as Items<unknown>
    if (Symbol.asyncIterator in source) return yield* pulled(source as AsyncIterable<unknown>)
  }
  throw invalidInput('the function of flatMap returns something to iterate')
}

function* pulled(source: AsyncIterable<unknown>): Items<unknown> {
  const iterator = source[Symbol.asyncIterator]()
  let done = false
  try {
    for (;;) {
      const step = yield* wait(iterator.next())
      done = step.done === true
      if (done) return
      yield step.value
    }
  } finally {
    // Whoever breaks off cannot wait, but the source must hear of it.
    if (!done) iterator.return?.().then(undefined, () => {})
  }
}

/** All values. */
export function* toArray<T>(items: Items<T>): Routine<T[]> {
  const all: T[] = []
  for (const item of items) {
    if (item instanceof Wait) yield item
    else all.push(item)
  }
  return all
}

/** The first value for which `predicate` holds, in an array to tell it from none. */
export function* search<T>(
  items: Items<T>,
  predicate: (value: T, index: number) => unknown,
): Routine<[T] | undefined> {
  let i = 0
  for (const item of items) {
    if (item instanceof Wait) {
      yield item
      continue
    }
    let holds = predicate(item, i++)
    if (isThenable(holds)) holds = yield* wait(holds)
    if (holds) return [item]
  }
  return undefined
}

/** Folds all values into one, beginning with the first where there is no `initial`. */
export function* fold(
  items: Items<unknown>,
  reducer: (memo: unknown, value: unknown, index: number) => unknown,
  initial: readonly unknown[],
): Routine<unknown> {
  let i = 0
  let [memo] = initial
  let empty = initial.length === 0
  for (const item of items) {
    if (item instanceof Wait) {
      yield item
    } else if (empty) {
      memo = item
      empty = false
      i += 1
    } else {
      memo = yield* wait(reducer(memo, item, i++))
    }
  }
  if (empty) throw invalidInput('reduce of nothing needs an initial value')
  return memo
}
