import { EntidbError } from 'entidb'
import { equal, fails, ok } from './support/assert.js'
import type { Suite } from './support/bench.js'
import { ids, schema, task, tasks } from './support/tasks.js'

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

export const transactions: Suite = {
  async 'all is written, or nothing where it throws'({ open }) {
    const db = await open({ collections: schema })
    await db.tasks.put(task(0))
    const result = await db.transaction(async (tx) => {
      await tx.tasks.put([task(1), task(2)])
      await tx.tasks.delete(task(0).id)
      return 'done'
    })
    equal(result, 'done')
    equal(await db.tasks.scan().ids(), ids([task(1), task(2)]))
    const failure = new Error('mine')
    const thrown = await db
      .transaction(async (tx) => {
        await tx.tasks.clear()
        await tx.tasks.put(task(9))
        throw failure
      })
      .catch((error) => error)
    ok(thrown === failure, 'the error of the closure is thrown as it is')
    equal(await db.tasks.scan().ids(), ids([task(1), task(2)]))
  },

  async 'it sees its own writes by every path, and nobody else does'({ open }) {
    const db = await open({ collections: schema })
    await db.tasks.put([task(1), task(2), task(3)])
    await db.transaction(async (tx) => {
      await tx.tasks.put(task(4))
      await tx.tasks.delete(task(1).id)
      await tx.tasks.update(task(2).id, { rank: 1000 })
      await tx.tasks.update(task(3).id, (doc) => ({ ...doc, slug: 'new' }))
      equal(await tx.tasks.get(task(1).id), undefined)
      equal(await tx.tasks.has(task(4).id), true)
      equal(await tx.tasks.count(), 3)
      equal(await tx.tasks.getMany([task(4).id, task(1).id]), [task(4), undefined])
      equal(await tx.tasks.range('rank', { gte: 1000 }).ids(), [task(2).id])
      equal(await tx.tasks.findBy('slug', 'new').ids(), [task(3).id])
      equal(await tx.tasks.findBy('slug', 'slug-3').ids(), [])
      equal(await tx.tasks.scan().ids(), ids([task(2), task(3), task(4)]))
      ok((await tx.tasks.hash(task(4).id)) !== undefined, 'it has a hash')
      equal(await db.tasks.scan().ids(), ids([task(1), task(2), task(3)]))
    })
    equal(await db.tasks.scan().ids(), ids([task(2), task(3), task(4)]))
  },

  async 'one that read what another one changed is run again'({ open }) {
    const db = await open({ collections: schema })
    await db.tasks.put({ ...task(1), rank: 0 })
    let runs = 0
    await db.transaction(async (tx) => {
      runs += 1
      const found = await tx.tasks.get(task(1).id)
      if (runs === 1) await db.tasks.update(task(1).id, { rank: 10 })
      await tx.tasks.update(task(1).id, { rank: (found?.rank ?? 0) + 1 })
    })
    equal(runs, 2)
    equal((await db.tasks.get(task(1).id))?.rank, 11)
  },

  async 'a range that was read is validated like a key'({ open }) {
    const db = await open({ collections: schema })
    await db.tasks.put(tasks(10))
    let runs = 0
    await db.transaction(async (tx) => {
      runs += 1
      const count = (await tx.tasks.findBy('project', 'p1').toArray()).length
      if (runs === 1) await db.tasks.put(task(11))
      await tx.tasks.put({ ...task(50), rank: count })
    })
    equal(runs, 2)
    equal((await db.tasks.get(task(50).id))?.rank, 3)
  },

  async 'many side by side lose no update'({ open }) {
    const db = await open({ collections: schema })
    await db.tasks.put([
      { ...task(1), rank: 100 },
      { ...task(2), rank: 0 },
    ])
    const move = () =>
      db.transaction(async (tx) => {
        const [from, to] = await tx.tasks.getMany([task(1).id, task(2).id])
        await tx.tasks.update(task(1).id, { rank: (from?.rank ?? 0) - 1 })
        await tx.tasks.update(task(2).id, { rank: (to?.rank ?? 0) + 1 })
      })
    await Promise.all(Array.from({ length: 6 }, move))
    equal(
      (await db.tasks.scan().toArray()).map(({ rank }) => rank),
      [94, 6],
    )
  },

  async 'one that conflicts every time gives up after ten runs'({ open }) {
    const db = await open({ collections: schema })
    await db.tasks.put(task(1))
    let runs = 0
    await fails('Conflict', () =>
      db.transaction(async (tx) => {
        runs += 1
        await tx.tasks.get(task(1).id)
        await db.tasks.update(task(1).id, { rank: runs })
        await tx.tasks.put(task(2))
      }),
    )
    equal(runs, 10)
    equal(await db.tasks.has(task(2).id), false)
  },

  async 'a failed condition is not tried again'({ open }) {
    const db = await open({ collections: schema })
    await db.tasks.put(task(1))
    let runs = 0
    await fails('Conflict', () =>
      db.transaction(async (tx) => {
        runs += 1
        await tx.tasks.put(task(1), { ifMatch: null })
      }),
    )
    equal(runs, 1)
  },

  async 'an error that is caught inside does not end it'({ open }) {
    const db = await open({ collections: schema })
    await db.tasks.put(task(1))
    await db.transaction(async (tx) => {
      await fails('AlreadyExists', () => tx.tasks.insert([task(2), task(1)]))
      equal(await tx.tasks.has(task(2).id), false)
      await tx.tasks.put(task(3))
    })
    equal(await db.tasks.scan().ids(), ids([task(1), task(3)]))
  },

  async 'unique values are checked on what it leaves behind'({ open }) {
    const db = await open({ collections: schema })
    await db.tasks.put([task(1), task(2)])
    await db.transaction(async (tx) => {
      await tx.tasks.update(task(1).id, { slug: 'slug-2' })
      await tx.tasks.update(task(2).id, { slug: 'slug-1' })
    })
    equal(await db.tasks.findBy('slug', 'slug-1').ids(), [task(2).id])
    await fails('UniqueViolation', () =>
      db.transaction(async (tx) => {
        await tx.tasks.update(task(1).id, { slug: 'slug-1' })
      }),
    )
    equal(await db.tasks.findBy('slug', 'slug-2').ids(), [task(1).id])
  },

  async 'it is rolled back when it takes too long'({ open }) {
    const db = await open({ collections: schema })
    let after: unknown
    await fails('Timeout', () =>
      db.transaction(
        async (tx) => {
          await tx.tasks.put(task(1))
          await sleep(80)
          after = await fails('Closed', () => tx.tasks.put(task(2)))
        },
        { timeout: 20 },
      ),
    )
    await sleep(100)
    ok(after instanceof EntidbError, 'what it calls later is refused')
    equal(await db.tasks.count(), 0)
  },

  async 'it is rolled back when its signal says so'({ open }) {
    const db = await open({ collections: schema })
    const controller = new AbortController()
    const reason = new Error('changed my mind')
    const error = await fails('Aborted', () =>
      db.transaction(
        async (tx) => {
          await tx.tasks.put(task(1))
          controller.abort(reason)
          await sleep(1000)
        },
        { signal: controller.signal },
      ),
    )
    ok(error.cause === reason, 'the reason is the cause')
    equal(await db.tasks.count(), 0)
    await fails('Aborted', () => db.transaction(async () => {}, { signal: controller.signal }))
  },

  async 'it cannot be used once it has ended'({ open }) {
    const db = await open({ collections: schema })
    const leaked = await db.transaction(async (tx) => ({ tasks: tx.tasks }))
    await fails('Closed', () => leaked.tasks.get('a'))
    await fails('Closed', () => leaked.tasks.put(task(1)))
    await fails('Closed', () => leaked.tasks.scan().toArray())
    equal(await db.tasks.count(), 0)
  },

  async 'they do not nest'({ open }) {
    const db = await open({ collections: schema })
    await db.transaction(async (tx) => {
      await fails('InvalidInput', () => db.transaction(async () => {}))
      await tx.tasks.put(task(1))
      await fails('InvalidInput', () => db.transaction(async () => {}))
    })
    // Two that run at the same time are not nested.
    const add = (n: number) =>
      db.transaction(async (tx) => {
        await tx.tasks.get('none')
        await tx.tasks.put(task(n))
      })
    await Promise.all([add(2), add(3), add(4)])
    equal(await db.tasks.count(), 4)
  },

  async 'writes that were not awaited belong to it'({ open }) {
    const db = await open({ collections: schema })
    await db.transaction((tx) => void tx.tasks.put(task(1)))
    equal(await db.tasks.has(task(1).id), true)
    await fails('AlreadyExists', () =>
      db.transaction((tx) => {
        tx.tasks.insert(task(1)).catch(() => {})
        tx.tasks.put(task(2)).catch(() => {})
      }),
    )
    equal(await db.tasks.has(task(2).id), false)
  },

  async 'clear leaves out what it does not see, and keeps what comes later'({ open }) {
    const db = await open({ collections: schema })
    await db.tasks.put(tasks(300))
    await db.transaction(async (tx) => {
      await tx.tasks.put(task(1000))
      await tx.tasks.clear()
      equal(await tx.tasks.count(), 0)
      await tx.tasks.put(task(2000))
    })
    equal(await db.tasks.scan().ids(), [task(2000).id])
  },

  async 'one that reads alone commits as well'({ open }) {
    const db = await open({ collections: schema })
    await db.tasks.put(tasks(5))
    equal(await db.transaction((tx) => tx.tasks.count()), 5)
    equal(await db.transaction(() => 7), 7)
    const { transactions } = await db.stats()
    equal(transactions.started, 2)
  },
}
