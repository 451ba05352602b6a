import { collection, index, list, open as openDatabase, remove, version } from 'entidb'
import { equal, fails, ok } from './support/assert.js'
import type { Suite } from './support/bench.js'
import { schema, type Task, task, tasks } from './support/tasks.js'

// biome-ignore lint/suspicious/noExplicitAny: these are the inputs that types would refuse.
type Wrong = any

/** Opening and closing of what lasts. */
export const lifecycle: Suite = {
  async 'what was written is there when it is opened again'({ open }) {
    const first = await open({ collections: schema })
    equal((await first.storage()).created, true)
    await first.tasks.put(tasks(500))
    await first.close()
    const second = await open({ collections: schema })
    equal((await second.storage()).created, false)
    equal(await second.tasks.scan().toArray(), tasks(500))
    equal(await second.tasks.findBy('slug', 'slug-77').toArray(), [task(77)])
  },

  async 'relaxed writes are there when it is opened again'({ open }) {
    const first = await open({ collections: schema, durability: 'relaxed' })
    equal((await first.storage()).durability, 'relaxed')
    await first.tasks.put(task(1))
    await first.close()
    equal(await (await open({ collections: schema })).tasks.count(), 1)
  },

  async 'indexes that are declared anew are built, and others of the collection dropped'({ open }) {
    const first = await open({ collections: schema })
    await first.tasks.put(tasks(3000))
    await first.createCollection('kept', { indexes: [index('a')] })
    await first.close()
    const done: number[] = []
    const second = await open({
      collections: { tasks: collection<Task>({ indexes: [index('title'), index('rank')] }) },
      onProgress: ({ phase, done: n, total, collection: name }) => {
        equal([phase, name], ['index', 'tasks'])
        done.push(n / total)
      },
    })
    ok(done.length > 0, 'progress is told')
    equal(await second.tasks.findBy('title', 'Task 7').toArray(), [task(7)])
    await fails('IndexRequired', () => second.tasks.findBy('done', true).toArray())
    equal((await second.tasks.indexes()).length, 2)
    equal((await second.collection('kept').indexes()).length, 1)
  },

  async 'an index that documents violate fails the open, and nothing is lost'({ open }) {
    const first = await open({ collections: schema })
    await first.tasks.put(tasks(10))
    await first.close()
    const strict = collection<Task>({ indexes: [index('project', { unique: true })] })
    await fails('UniqueViolation', () => open({ collections: { tasks: strict } }))
    const third = await open({ collections: schema })
    equal(await third.tasks.scan().toArray(), tasks(10))
    equal(await third.tasks.findBy('project', 'p1').count(), 2)
  },

  async 'a second opener is told that it is locked, and by whom'({ open, name, storage }) {
    const first = await open({ collections: schema })
    const error = await fails('Locked', () => openDatabase(name, { storage }))
    ok(/tab|window|worker/.test(error.message), error.message)
    await first.tasks.put(task(1))
    await fails('Locked', () => remove(name))
    equal(await first.tasks.count(), 1)
  },

  async 'a later version of the schema is not opened by an earlier program'({ open }) {
    const first = await open({ version: 3 })
    equal(await first.schemaVersion(), 3)
    await first.close()
    await fails('VersionMismatch', () => open({ version: 2 }))
    await fails('VersionMismatch', () => open())
    const later = await open({ version: 4 })
    equal(await later.schemaVersion(), 4)
  },

  async 'what must be new or must be there says so'({ open }) {
    await fails('NotFound', () => open({ createIfMissing: false }))
    const first = await open({ errorIfExists: true })
    await first.close()
    await fails('AlreadyExists', () => open({ errorIfExists: true }))
    await (await open({ createIfMissing: false })).close()
  },

  async 'a database that is opened to be read refuses to write'({ open }) {
    const first = await open({ collections: schema })
    await first.tasks.put(tasks(10))
    await first.close()
    const second = await open({ collections: schema, readOnly: true })
    equal(await second.tasks.findBy('project', 'p1').count(), 2)
    await fails('Unsupported', () => second.tasks.put(task(11)))
    equal(await second.tasks.count(), 10)
  },

  async 'databases are listed and removed'({ open, name }) {
    equal(await remove(name), false)
    const db = await open({ collections: schema })
    await db.tasks.put(task(1))
    ok((await list()).includes(name), 'it is listed')
    await db.close()
    equal(await remove(name), true)
    equal((await list()).includes(name), false)
    equal(await (await open({ collections: schema })).tasks.count(), 0)
  },

  async 'an open can be given up'({ open }) {
    const controller = new AbortController()
    const opening = open({ collections: schema, signal: controller.signal })
    controller.abort()
    await fails('Aborted', () => opening)
    await fails('Aborted', () => open({ signal: controller.signal }))
    equal(await (await open({ collections: schema })).tasks.count(), 0)
  },

  async 'a build can be given up, at open and later'({ open }) {
    const first = await open({ collections: schema })
    await first.tasks.put(tasks(5000))
    const controller = new AbortController()
    const onProgress = () => controller.abort()
    const { signal } = controller
    await fails('Aborted', () => first.tasks.createIndex(index('title'), { signal, onProgress }))
    equal((await first.tasks.indexes()).length, 5)
    await first.close()
    const again = new AbortController()
    const more = { tasks: collection<Task>({ indexes: [index('title')] }) }
    await fails('Aborted', () =>
      open({ collections: more, signal: again.signal, onProgress: () => again.abort() }),
    )
    const second = await open({ collections: more })
    equal(await second.tasks.findBy('title', 'Task 7').ids(), [task(7).id])
  },

  async 'closing carries out what was called, and refuses the rest'({ open }) {
    const db = await open({ collections: schema })
    const put = db.tasks.put(task(1))
    let transaction: unknown = fails('Closed', () =>
      db.transaction(() => new Promise<never>(() => {})),
    )
    const closed = db.close()
    equal(await put, task(1).id)
    await closed
    transaction = await transaction
    await db.close()
    await fails('Closed', () => db.tasks.get('a'))
    await fails('Closed', () => db.transaction(async () => {}))
    await fails('Closed', () => db.storage())
    equal(await (await open({ collections: schema })).tasks.count(), 1)
  },

  async 'await using closes'({ open, name, storage }) {
    // Not every browser has it yet.
    if (!('asyncDispose' in Symbol)) return
    {
      await using db = await openDatabase(name, { collections: schema, storage })
      await db.tasks.put(task(1))
    }
    equal(await (await open({ collections: schema })).tasks.count(), 1)
  },

  async 'storage tells the browser’s answers'({ open, storage }) {
    const db = await open()
    const { backend, durability, usage, quota } = await db.storage()
    equal([backend, durability], [storage, 'strict'])
    if (!('storage' in navigator)) {
      equal([usage, quota], [undefined, undefined])
      await fails('Unsupported', () => db.persist())
      return
    }
    ok((usage ?? 0) >= 0 && (quota ?? 0) > 0, 'usage and quota are estimates')
    equal(typeof (await db.persist()), 'boolean')
  },

  async 'arguments of open are checked'({ open, name }) {
    await fails('InvalidInput', () => openDatabase(''))
    await fails('InvalidInput', () => openDatabase(5 as Wrong))
    await fails('LimitExceeded', () => openDatabase('é'.repeat(41)))
    await fails('InvalidInput', () => open({ storage: 'disk' as Wrong }))
    await fails('InvalidInput', () => open({ version: 0 }))
    await fails('InvalidInput', () => open({ durability: 'never' as Wrong }))
    await fails('InvalidInput', () => open({ readOnly: 'yes' as Wrong }))
    await fails('InvalidInput', () => open({ collections: { tasks: {} } as Wrong }))
    await fails('InvalidInput', () => open({ signal: {} as Wrong }))
    await fails('InvalidInput', () => openDatabase(name, null as Wrong))
    equal(version().protocol, 1)
  },
}
