import { EntidbError } from 'entidb'
import { equal, fails, ok } from './support/assert.js'
import type { Suite } from './support/bench.js'
import { schema, task, tasks } from './support/tasks.js'
import { withWorkers } from './support/workers.js'

/** The worker that `start` makes, which nobody else gets hold of. */
async function workerOf<T>(start: () => Promise<T>): Promise<[T, Worker]> {
  const Real = globalThis.Worker
  let made: Worker | undefined
  const result = await withWorkers((...args) => (made = new Real(...args)), start)
  ok(made !== undefined, 'a worker was started')
  return [result, made]
}

/** What happens when the worker that hosts a database goes away. */
export const hosts: Suite = {
  async 'a worker that fails rejects what is pending and what comes'({ open }) {
    const [db, worker] = await workerOf(() => open({ collections: schema }))
    await db.tasks.put(task(1))
    const told: EntidbError[] = []
    db.on('error', (error) => told.push(error))
    const pending = fails('HostLost', () => db.tasks.get(task(1).id))
    const inTransaction = fails('HostLost', () =>
      db.transaction(() => new Promise<never>(() => {})),
    )
    worker.dispatchEvent(new ErrorEvent('error', { message: 'a trap' }))
    await pending
    await inTransaction
    const error = await fails('HostLost', () => db.tasks.put(task(2)))
    ok(error.message.includes('open it again'), error.message)
    equal(
      told.map(({ kind }) => kind),
      ['HostLost'],
    )
    await db.close()
  },

  async 'after a worker was ended everything acknowledged is there'({ open, storage }) {
    if (storage === 'memory') return
    for (const wait of [0, 1, 3, 10, 30]) {
      const [db, worker] = await workerOf(() => open({ collections: schema }))
      let acknowledged = await db.tasks.count()
      const from = acknowledged
      const writes = tasks(from + 200)
        .slice(from)
        .map((one) => db.tasks.put(one).then(() => (acknowledged += 1)))
      for (const write of writes) write.catch(() => {})
      await new Promise((resolve) => setTimeout(resolve, wait))
      worker.terminate()
      const known = acknowledged
      const again = await open({ collections: schema })
      const found = await again.tasks.scan().toArray()
      ok(found.length >= known, `${known} were acknowledged and ${found.length} are there`)
      equal(found, tasks(found.length))
      equal(await again.tasks.range('rank').count(), found.length)
      await again.close()
    }
  },

  async 'a worker that was ended in the middle of a large write leaves all of it or nothing'({
    open,
    storage,
  }) {
    if (storage === 'memory') return
    for (const wait of [5, 40, 120]) {
      const [db, worker] = await workerOf(() => open({ collections: schema }))
      const before = await db.tasks.count()
      db.tasks.put(tasks(before + 8000).slice(before)).catch(() => {})
      await new Promise((resolve) => setTimeout(resolve, wait))
      worker.terminate()
      const again = await open({ collections: schema })
      const after = await again.tasks.count()
      ok(after === before || after === before + 8000, `${after - before} of 8000 are there`)
      equal(await again.tasks.range('slug').count(), after)
      await again.close()
    }
  },

  async 'a page that is put aside lets others have the database'({ open, storage }) {
    const db = await open({ collections: schema })
    await db.tasks.put(task(1))
    dispatchEvent(new PageTransitionEvent('pagehide', { persisted: false }))
    equal(await db.tasks.count(), 1)
    dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true }))
    // Nobody else can have what is in memory.
    if (storage === 'memory') return equal(await db.tasks.count(), 1)
    const error = await fails('HostLost', () => db.tasks.count())
    ok(error.message.includes('open it again'), error.message)
    const again = await open({ collections: schema })
    equal(await again.tasks.count(), 1)
    await again.close()
  },

  async 'a worker whose script cannot be loaded is told at once'({ open }) {
    const Real = globalThis.Worker
    const missing = (_: string | URL, options?: WorkerOptions) =>
      new Real(new URL('/missing.js', location.href), options)
    const error = await fails('HostLost', () => withWorkers(missing, () => open()))
    ok(error instanceof EntidbError && error.message.includes('worker.js'), error.message)
  },
}
