import type { SyncDatabase } from 'entidb'
import { equal, fails, ok } from './support/assert.js'
import type { Bench, Suite } from './support/bench.js'
import { ids, schema, task, tasks } from './support/tasks.js'

// biome-ignore lint/suspicious/noExplicitAny: these are the inputs that types would refuse.
type Wrong = any

const opened = async ({ open }: Bench) =>
  (await open({ collections: schema })) as unknown as SyncDatabase<typeof schema>

/** What `entidb/sync` has that is different. */
export const direct: Suite = {
  async 'calls return when they are done'(bench) {
    const db = await opened(bench)
    equal(db.tasks.put(task(1)), task(1).id)
    equal(db.tasks.get(task(1).id), task(1))
    equal(db.tasks.update(task(1).id, { rank: 5 }).rank, 5)
    equal([...db.tasks.scan()], [{ ...task(1), rank: 5 }])
    equal(db.tasks.delete(task(1).id), 1)
    equal(db.tasks.count(), 0)
  },

  async 'queries are plain iterables'(bench) {
    const db = await opened(bench)
    db.tasks.put(tasks(300))
    equal(
      Array.from(db.tasks.scan(), ({ id }) => id),
      ids(tasks(300)),
    )
    for (let i = 0; i < 1100; i++) {
      for (const _ of db.tasks.scan()) break
    }
    equal(db.tasks.scan().reverse().first(), task(299))
  },

  async 'transactions are synchronous, and roll back what throws'(bench) {
    const db = await opened(bench)
    const result = db.transaction((tx) => {
      tx.tasks.put([task(1), task(2)])
      equal(tx.tasks.findBy('slug', 'slug-1').ids(), [task(1).id])
      equal(db.tasks.count(), 0)
      return tx.tasks.count()
    })
    equal(result, 2)
    const failure = new Error('mine')
    let thrown: unknown
    try {
      db.transaction((tx) => {
        tx.tasks.clear()
        throw failure
      })
    } catch (error) {
      thrown = error
    }
    ok(thrown === failure, 'the error is thrown as it is')
    equal(db.tasks.count(), 2)
    await fails('InvalidInput', () => db.transaction(() => db.transaction(() => {})))
    await fails('InvalidInput', () => db.transaction(async (tx) => tx.tasks.clear()) as Wrong)
    equal(db.tasks.count(), 2)
    const leaked = db.transaction((tx) => tx.tasks)
    await fails('Closed', () => leaked.get('a'))
  },

  async 'snapshots stay as they were'(bench) {
    const db = await opened(bench)
    db.tasks.put(tasks(10))
    db.read((snap) => {
      db.tasks.clear()
      equal(snap.tasks.count(), 10)
      equal([...snap.tasks.scan()].length, 10)
    })
    equal(db.tasks.count(), 0)
  },

  async 'what is closed is closed'(bench) {
    const db = await opened(bench)
    db.close()
    db.close()
    await fails('Closed', () => db.tasks.get('a'))
    await fails('Closed', () => db.tasks.put(task(1)))
    await fails('Closed', () => db.transaction(() => {}))
  },
}
