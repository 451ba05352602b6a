import { collection } from 'entidb'
import { equal, fails, ok } from './support/assert.js'
import type { Suite } from './support/bench.js'
import { ids, schema, type Task, task, tasks } from './support/tasks.js'

const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

export const crud: Suite = {
  async 'a document that was put comes back equal'({ open }) {
    const db = await open({ collections: schema })
    equal(await db.tasks.put(task(1)), task(1).id)
    equal(await db.tasks.get(task(1).id), task(1))
    equal(await db.tasks.has(task(1).id), true)
    equal(await db.tasks.count(), 1)
  },

  async 'what is not there is undefined'({ open }) {
    const db = await open({ collections: schema })
    equal(await db.tasks.get('none'), undefined)
    equal(await db.tasks.has('none'), false)
    equal(await db.tasks.hash('none'), undefined)
    equal(await db.tasks.delete('none'), 0)
  },

  async 'ids are made in order where there are none, and the caller keeps its object'({ open }) {
    const db = await open({ collections: schema })
    const { id: _, ...input } = task(1)
    const first = await db.tasks.put(input)
    const [second, third] = await db.tasks.insert([
      { ...input, slug: 'second' },
      { ...input, slug: 'third' },
    ])
    ok(UUID_V7.test(first), `${first} is a UUIDv7`)
    equal([first, second, third].sort(), [first, second, third])
    ok(!('id' in input), 'the input was changed')
    equal(await db.tasks.get(first), { ...input, id: first })
  },

  async 'integers are ids, in order before strings'({ open }) {
    const db = await open()
    const mixed = await db.createCollection<{ id: string | number }>('mixed')
    const all = [-5, 0, 7, 2 ** 53 - 1, '0198c5a0-4b1e-7c3a-9f00-2f7a4c1d5e6b', 'A', 'a', 'ä']
    await mixed.put(all.toReversed().map((id) => ({ id })))
    equal(await mixed.scan().ids(), all)
    equal(await mixed.get(7), { id: 7 })
  },

  async 'put replaces, insert refuses'({ open }) {
    const db = await open({ collections: schema })
    await db.tasks.insert(task(1))
    await db.tasks.put({ ...task(1), title: 'Other' })
    equal((await db.tasks.get(task(1).id))?.title, 'Other')
    const error = await fails('AlreadyExists', () => db.tasks.insert(task(1)))
    equal(error.details.id, task(1).id)
    equal(await db.tasks.count(), 1)
  },

  async 'an array is written all or none'({ open }) {
    const db = await open({ collections: schema })
    equal(await db.tasks.put(tasks(10)), ids(tasks(10)))
    await fails('AlreadyExists', () => db.tasks.insert([task(20), task(3), task(21)]))
    equal(await db.tasks.count(), 10)
    equal(await db.tasks.put([]), [])
  },

  async 'getMany answers in the order asked'({ open }) {
    const db = await open({ collections: schema })
    await db.tasks.put(tasks(100))
    const asked = [task(70).id, 'none', task(2).id, task(70).id]
    equal(await db.tasks.getMany(asked), [task(70), undefined, task(2), task(70)])
    equal(await db.tasks.getMany([]), [])
    equal((await db.tasks.getMany(new Set(ids(tasks(100))))).length, 100)
  },

  async 'a patch changes, adds and deletes properties'({ open }) {
    const db = await open({ collections: schema })
    await db.tasks.put(task(1))
    const { slug: _, ...rest } = task(1)
    const patched = await db.tasks.update(task(1).id, { title: 'New', slug: undefined, done: true })
    equal(patched, { ...rest, title: 'New', done: true })
    equal(await db.tasks.get(task(1).id), patched)
    await fails('NotFound', () => db.tasks.update('none', { title: 'x' }))
  },

  async 'a function changes the stored document'({ open }) {
    const db = await open({ collections: schema })
    await db.tasks.put(task(1))
    const changed = await db.tasks.update(task(1).id, (doc) => ({ ...doc, rank: doc.rank + 1 }))
    equal(changed, { ...task(1), rank: task(1).rank + 1 })
    await fails('NotFound', () => db.tasks.update('none', (doc) => doc))
    const failure = new Error('mine')
    const thrown = await Promise.resolve()
      .then(() =>
        db.tasks.update(task(1).id, () => {
          throw failure
        }),
      )
      .catch((error) => error)
    ok(thrown === failure, 'the error of the function is thrown as it is')
  },

  async 'updates of one document that run side by side are all made'({ open }) {
    const db = await open({ collections: schema })
    await db.tasks.put({ ...task(1), rank: 0 })
    const add = async () => db.tasks.update(task(1).id, (doc) => ({ ...doc, rank: doc.rank + 1 }))
    await Promise.all(Array.from({ length: 8 }, add))
    equal((await db.tasks.get(task(1).id))?.rank, 8)
  },

  async 'a hash tells whether a document is the same'({ open }) {
    const db = await open({ collections: schema })
    await db.tasks.put([task(1), task(2)])
    const hash = await db.tasks.hash(task(1).id)
    ok(/^[0-9a-f]{64}$/.test(hash ?? ''), 'a hash is SHA-256 in hex')
    await db.tasks.put(task(1))
    equal(await db.tasks.hash(task(1).id), hash)
    await db.tasks.update(task(1).id, { title: 'Other' })
    ok((await db.tasks.hash(task(1).id)) !== hash, 'another document has another hash')
  },

  async 'ifMatch holds a put to what is stored'({ open }) {
    const db = await open({ collections: schema })
    await db.tasks.put(task(1), { ifMatch: null })
    await fails('Conflict', () => db.tasks.put(task(1), { ifMatch: null }))
    const hash = (await db.tasks.hash(task(1).id)) ?? ''
    await db.tasks.put({ ...task(1), title: 'Second' }, { ifMatch: hash })
    await fails('Conflict', () => db.tasks.put({ ...task(1), title: 'Third' }, { ifMatch: hash }))
    equal((await db.tasks.get(task(1).id))?.title, 'Second')
    await fails('Conflict', () => db.tasks.put(task(2), { ifMatch: hash }))
  },

  async 'delete says how many were there'({ open }) {
    const db = await open({ collections: schema })
    await db.tasks.put(tasks(5))
    equal(await db.tasks.delete([task(1).id, 'none', task(3).id, task(1).id]), 2)
    equal(await db.tasks.delete(task(0).id), 1)
    equal(await db.tasks.scan().ids(), [task(2).id, task(4).id])
    equal(await db.tasks.findBy('slug', 'slug-1').toArray(), [])
  },

  async 'clear leaves nothing, and keeps the indexes'({ open }) {
    const db = await open({ collections: schema })
    await db.tasks.put(tasks(50))
    await db.tasks.clear()
    equal(await db.tasks.count(), 0)
    equal(await db.tasks.range('rank').count(), 0)
    await db.tasks.put(task(1))
    equal(await db.tasks.findBy('slug', 'slug-1').toArray(), [task(1)])
  },

  async 'collections are made and dropped while the database is open'({ open }) {
    const db = await open({ collections: schema })
    await fails('NotFound', () => db.collection('logs').count())
    const logs = await db.createCollection<{ id: string }>('logs')
    ok(logs === db.collection('logs'), 'one name is one object')
    await logs.put({ id: 'a' })
    await fails('AlreadyExists', () => db.createCollection('logs'))
    await db.dropCollection('logs')
    await fails('NotFound', () => logs.get('a'))
    await fails('NotFound', () => db.dropCollection('logs'))
    await db.createCollection('logs')
    equal(await logs.count(), 0)
  },

  async 'a collection with a reserved name is reached by name alone'({ open }) {
    const db = await open({ collections: { stats: collection<Task>(), $own: collection<Task>() } })
    equal(typeof db.stats, 'function')
    ok(!('$own' in db), '$own is no property')
    await db.collection('stats').put(task(1))
    await db.collection('$own').put(task(2))
    equal(await db.collection('stats').count(), 1)
  },

  async 'relaxed writes are there at once'({ open }) {
    const db = await open({ collections: schema })
    await db.tasks.put(task(1), { durability: 'relaxed' })
    equal(await db.tasks.get(task(1).id), task(1))
  },

  async 'relaxed writes are synced soon after'({ open }) {
    const db = await open({ collections: schema })
    const before = (await db.stats()).syncs
    await db.tasks.put(task(1), { durability: 'relaxed' })
    equal((await db.stats()).syncs, before)
    while ((await db.stats()).syncs === before) await new Promise((next) => setTimeout(next, 20))
    equal(await db.tasks.count(), 1)
  },

  async 'statistics count what was done'({ open }) {
    const db = await open({ collections: schema })
    await db.tasks.put(tasks(3))
    await db.tasks.get(task(1).id)
    await db.tasks.scan().toArray()
    await db.tasks.findBy('done', true).toArray()
    const { writes, reads, scans, indexLookups } = await db.stats()
    equal({ writes, scans, indexLookups }, { writes: 3, scans: 1, indexLookups: 1 })
    ok(reads >= 1, 'a get is a read')
  },

  async 'a checkpoint and a compaction change nothing that can be read'({ open }) {
    const db = await open({ collections: schema })
    await db.tasks.put(tasks(500))
    await db.tasks.delete(ids(tasks(250)))
    await db.checkpoint()
    const report = await db.compact()
    ok(report.inputRecords >= report.outputRecords, 'a compaction writes no more than it reads')
    equal(await db.tasks.count(), 250)
    equal(await db.tasks.scan().toArray(), tasks(500).slice(250))
    equal(await db.tasks.range('rank').count(), 250)
  },
}
