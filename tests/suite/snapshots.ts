import { equal, fails, ok } from './support/assert.js'
import type { Suite } from './support/bench.js'
import { schema, task, tasks } from './support/tasks.js'

export const snapshots: Suite = {
  async 'a snapshot stays as it was'({ open }) {
    const db = await open({ collections: schema })
    await db.tasks.put(tasks(100))
    const result = await db.read(async (snap) => {
      equal(await snap.tasks.count(), 100)
      await db.tasks.clear()
      await db.tasks.put(task(500))
      equal(await snap.tasks.count(), 100)
      equal(await snap.tasks.get(task(1).id), task(1))
      equal(await snap.tasks.has(task(500).id), false)
      equal(await snap.tasks.findBy('project', 'p1').count(), 20)
      equal((await snap.tasks.scan().toArray()).length, 100)
      return snap.collection('tasks').name
    })
    equal(result, 'tasks')
    equal(await db.tasks.count(), 1)
  },

  async 'it cannot be used once it has ended, and does not write'({ open }) {
    const db = await open({ collections: schema })
    const leaked = await db.read(async (snap) => ({ tasks: snap.tasks }))
    await fails('Closed', () => leaked.tasks.count())
    ok(!('put' in leaked.tasks), 'a snapshot has no put')
  },

  async 'its signal ends it'({ open }) {
    const db = await open({ collections: schema })
    const controller = new AbortController()
    await fails('Aborted', () =>
      db.read(
        async (snap) => {
          controller.abort()
          await new Promise((resolve) => setTimeout(resolve, 50))
          return snap.tasks.count()
        },
        { signal: controller.signal },
      ),
    )
  },
}
