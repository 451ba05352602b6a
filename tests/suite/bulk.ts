import { equal, fails, ok } from './support/assert.js'
import type { Suite } from './support/bench.js'
import { schema, task, tasks } from './support/tasks.js'

const COUNT = 20_000

export const bulk: Suite = {
  async 'twenty thousand documents are one write, and come back one by one'({ open }) {
    const db = await open({ collections: schema })
    const written = await db.tasks.insert(tasks(COUNT))
    equal(written.length, COUNT)
    equal(await db.tasks.count(), COUNT)
    let n = 0
    for await (const found of db.tasks.scan()) {
      if (n % 997 === 0) equal(found, task(n))
      n += 1
    }
    equal(n, COUNT)
    equal(await db.tasks.findBy('project', 'p3').count(), COUNT / 5)
    equal(await db.tasks.range('rank').count(), COUNT)
    equal((await db.tasks.getMany(written)).filter((doc) => doc === undefined).length, 0)
    equal(await db.tasks.delete(written.slice(1)), COUNT - 1)
    equal(await db.tasks.scan().toArray(), [task(0)])
    equal(await db.tasks.range('slug').count(), 1)
  },

  async 'a large write that fails at its end leaves nothing'({ open }) {
    const db = await open({ collections: schema })
    const last = task(COUNT - 1)
    await db.tasks.put(last)
    await fails('AlreadyExists', () => db.tasks.insert(tasks(COUNT)))
    await fails('InvalidInput', () =>
      db.tasks.put([...tasks(COUNT), { ...task(1), rank: Number.NaN }]),
    )
    equal(await db.tasks.scan().toArray(), [last])
    equal(await db.tasks.range('rank').count(), 1)
  },

  async 'a transaction in which a large write failed cannot be committed'({ open, direct }) {
    const db = await open({ collections: schema })
    await db.tasks.put(task(COUNT - 1))
    if (direct) return
    await fails('AlreadyExists', () =>
      db.transaction(async (tx) => {
        await fails('AlreadyExists', () => tx.tasks.insert(tasks(COUNT)))
      }),
    )
    equal(await db.tasks.count(), 1)
  },

  async 'the thread of the caller is not kept busy for long'({ open, direct }) {
    const db = await open({ collections: schema })
    const docs = tasks(COUNT)
    if (direct) return
    let turns = 0
    const { port1, port2 } = new MessageChannel()
    port1.onmessage = () => {
      turns += 1
      port2.postMessage(undefined)
    }
    port2.postMessage(undefined)
    await db.tasks.put(docs)
    port1.close()
    ok(turns > 5, `others had ${turns} turns while much was written`)
  },

  async 'writes that are not awaited one by one share syncs'({ open, direct }) {
    const db = await open({ collections: schema })
    const before = await db.stats()
    await Promise.all(tasks(200).map(async (one) => db.tasks.put(one)))
    const after = await db.stats()
    equal(await db.tasks.count(), 200)
    if (direct) return
    const syncs = after.syncs - before.syncs
    ok(syncs <= 3, `200 writes took ${syncs} syncs`)
  },

  async 'of writes that share a sync one can fail by itself'({ open }) {
    const db = await open({ collections: schema })
    await db.tasks.put(task(5))
    const calls = tasks(20).map(async (one) => db.tasks.insert(one))
    const outcomes = await Promise.allSettled(calls)
    equal(
      outcomes.flatMap(({ status }, i) => (status === 'rejected' ? [i] : [])),
      [5],
    )
    equal(await db.tasks.count(), 20)
  },

  async 'calls see the writes that were called before them'({ open }) {
    const db = await open({ collections: schema })
    const put = db.tasks.put(task(1))
    const got = db.tasks.get(task(1).id)
    const cleared = db.tasks.clear()
    const again = db.tasks.put(task(2))
    const ids = db.tasks.scan().ids()
    await Promise.all([put, cleared, again])
    equal(await got, task(1))
    equal(await ids, [task(2).id])
  },
}
