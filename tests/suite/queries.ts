import type { Query } from 'entidb'
import { equal, fails, ok } from './support/assert.js'
import type { Suite } from './support/bench.js'
import { ids, schema, task, tasks } from './support/tasks.js'

const COUNT = 300

/** The verbs, on a query and on the array of what it answers. */
type Verbs = 'take' | 'drop' | 'reverse' | 'filter' | 'map'
type Chain = readonly (readonly [Verbs, number])[]

/** Chains of up to three verbs, pushed down or not. */
function* chains(): Generator<Chain> {
  const steps: Chain = [
    ['take', 7],
    ['take', 0],
    ['drop', 5],
    ['reverse', 0],
    ['filter', 3],
    ['map', 0],
  ]
  for (const a of steps) {
    yield [a]
    for (const b of steps) {
      yield [a, b]
      for (const c of steps) yield [a, b, c]
    }
  }
}

function chained(query: Query<number>, chain: Chain): Query<number> {
  return chain.reduce((made, [verb, n]) => {
    switch (verb) {
      case 'filter':
        return made.filter((value, i) => (value + i) % n !== 0)
      case 'map':
        return made.map((value, i) => value * 2 + i)
      case 'reverse':
        return made.reverse()
      default:
        return made[verb](n)
    }
  }, query)
}

function expected(list: number[], chain: Chain): number[] {
  return chain.reduce((made, [verb, n]) => {
    switch (verb) {
      case 'filter':
        return made.filter((value, i) => (value + i) % n !== 0)
      case 'map':
        return made.map((value, i) => value * 2 + i)
      case 'reverse':
        return made.toReversed()
      case 'take':
        return made.slice(0, n)
      default:
        return made.slice(n)
    }
  }, list)
}

async function collect<T>(query: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const value of query) all.push(value)
  return all
}

export const queries: Suite = {
  async 'verbs apply in the order in which they are written'({ open }) {
    const db = await open({ collections: schema })
    await db.tasks.put(tasks(30))
    const ranks = (await db.tasks.scan().toArray()).map(({ rank }) => rank)
    for (const chain of chains()) {
      const query = chained(
        db.tasks.scan().map(({ rank }) => rank),
        chain,
      )
      equal(await query.toArray(), expected(ranks, chain), `after map: ${JSON.stringify(chain)}`)
      const last = chain.findIndex(([verb]) => verb === 'filter' || verb === 'map')
      if (last >= 0) continue
      const pushed = chained(db.tasks.scan() as never, chain) as unknown as typeof query
      const found = (await pushed.toArray()) as unknown as { rank: number }[]
      const wanted = expected(ranks, chain)
      equal(
        found.map(({ rank }) => rank),
        wanted,
        `pushed down: ${JSON.stringify(chain)}`,
      )
      equal(await pushed.count(), wanted.length, `count of ${JSON.stringify(chain)}`)
      equal((await pushed.ids()).length, wanted.length, `ids of ${JSON.stringify(chain)}`)
    }
  },

  async 'a query goes on through many pages, forwards and backwards'({ open }) {
    const db = await open({ collections: schema })
    await db.tasks.put(tasks(COUNT))
    equal(ids(await collect(db.tasks.scan())), ids(tasks(COUNT)))
    equal(ids(await collect(db.tasks.scan().reverse())), ids(tasks(COUNT)).reverse())
    equal(ids(await collect(db.tasks.scan({ gt: task(9).id, lte: task(200).id }))).length, 191)
  },

  async 'a query can be iterated again, each time over what is there'({ open }) {
    const db = await open({ collections: schema })
    const query = db.tasks.findBy('done', true)
    equal(await query.count(), 0)
    await db.tasks.put(tasks(10))
    equal(await query.count(), 5)
    equal((await query.toArray()).length, 5)
    equal((await collect(query)).length, 5)
  },

  async 'an iteration has a snapshot of its own'({ open }) {
    const db = await open({ collections: schema })
    await db.tasks.put(tasks(COUNT))
    const seen: string[] = []
    for await (const { id } of db.tasks.scan()) {
      if (seen.length === 0) await db.tasks.clear()
      seen.push(id)
    }
    equal(seen, ids(tasks(COUNT)))
    equal(await db.tasks.count(), 0)
  },

  async 'what breaks off early lets go of its cursor'({ open }) {
    const db = await open({ collections: schema })
    await db.tasks.put(tasks(COUNT))
    // More than there can be cursors.
    for (let i = 0; i < 1100; i++) {
      for await (const _ of db.tasks.scan()) break
    }
    equal(await db.tasks.scan().some(({ id }) => id === task(0).id), true)
    equal((await db.tasks.scan().find(({ rank }) => rank === 14))?.id, task(2).id)
    equal((await collect(db.tasks.scan())).length, COUNT)
  },

  async 'closures are called one by one, and no more often than is needed'({ open }) {
    const db = await open({ collections: schema })
    await db.tasks.put(tasks(COUNT))
    let calls = 0
    const query = db.tasks.scan().map((doc) => {
      calls += 1
      return doc.id
    })
    equal(calls, 0)
    equal(await query.take(3).toArray(), ids(tasks(3)))
    equal(calls, 3)
    equal(await query.first(), task(0).id)
    equal(calls, 4)
    equal(await query.take(0).toArray(), [])
    equal(calls, 4)
  },

  async 'closures may wait where there is something to wait with'({ open, direct }) {
    const db = await open({ collections: schema })
    await db.tasks.put(tasks(50))
    const query = db.tasks.scan().filter(async ({ rank }) => rank > 50)
    if (direct) {
      await fails('InvalidInput', () => query.toArray())
      equal(await db.tasks.count(), 50)
      return
    }
    const wanted = tasks(50).filter(({ rank }) => rank > 50)
    equal(await query.toArray(), wanted)
    equal(await query.map(async ({ id }) => id).toArray(), ids(wanted))
    equal(await query.every(async ({ rank }) => rank > 50), true)
    async function* twice(id: string) {
      yield id
      yield id
    }
    const doubled = await query.flatMap(({ id }) => twice(id)).toArray()
    equal(doubled.length, 2 * wanted.length)
  },

  async 'an error of a closure ends the query and nothing else'({ open }) {
    const db = await open({ collections: schema })
    await db.tasks.put(tasks(COUNT))
    const failure = new Error('mine')
    const query = db.tasks.scan().map(({ rank }) => {
      if (rank === 14) throw failure
      return rank
    })
    const thrown = await Promise.resolve()
      .then(() => query.toArray())
      .catch((error) => error)
    ok(thrown === failure, 'it is thrown as it is')
    equal(await query.take(2).toArray(), [0, 7])
  },

  async 'the verbs that end a query'({ open }) {
    const db = await open({ collections: schema })
    await db.tasks.put(tasks(20))
    const query = db.tasks.scan()
    const visited: [string, number][] = []
    await query.forEach(({ id }, i) => void visited.push([id, i]))
    equal(
      visited,
      ids(tasks(20)).map((id, i) => [id, i]),
    )
    equal(await query.every(({ rank }) => rank >= 0), true)
    equal(await query.every(({ rank }) => rank < 50), false)
    equal(await query.some(({ rank }) => rank === 1000), false)
    equal(await query.find(() => false), undefined)
    equal(await query.first(), task(0))
    equal(await query.filter(() => false).first(), undefined)
    equal(await query.map(({ rank }) => rank).reduce((a, b) => a + b), total(20))
    equal(await query.reduce((sum, { rank }) => sum + rank, 1), total(20) + 1)
    equal(await query.flatMap(({ tags }) => tags).count(), 40)
    equal(await query.filter(({ done }) => done).ids(), ids(tasks(20).filter(({ done }) => done)))
    await fails('InvalidInput', () => query.filter(() => false).reduce((a) => a))
    await fails('InvalidInput', () => query.map(({ rank }) => rank).ids())
    await fails('InvalidInput', () => query.flatMap(() => 5 as never).toArray())
  },

  async 'explain tells the way and what it took'({ open }) {
    const db = await open({ collections: schema })
    await db.tasks.put(tasks(60))
    const byProject = await db.tasks.findBy('project', 'p1').explain()
    const path = "index('project', 'rank')"
    equal(byProject, { path, reverse: false, examined: 12, returned: 12 })
    equal((await db.tasks.scan().take(7).explain()).returned, 7)
    equal((await db.tasks.scan().explain()).path, 'scan')
  },

  async 'take and drop go to the engine, which looks at no more than it must'({ open }) {
    const db = await open({ collections: schema })
    await db.tasks.put(tasks(COUNT))
    const { examined } = await db.tasks.range('rank').take(5).explain()
    ok(examined <= 6, `${examined} entries were examined for 5 documents`)
  },
}

const total = (count: number) => tasks(count).reduce((sum, { rank }) => sum + rank, 0)
