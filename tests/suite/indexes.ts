import { collection, index } from 'entidb'
import { equal, fails } from './support/assert.js'
import type { Suite } from './support/bench.js'
import { ids, schema, type Task, task, tasks } from './support/tasks.js'

type Loose = { id: number; a?: unknown; b?: unknown }

/** Values in the order of an index. */
const ordered = [
  null,
  false,
  true,
  -1e300,
  -5n,
  -1,
  0,
  0.5,
  5n,
  6,
  2n ** 63n,
  '',
  'A',
  'a',
  'ä',
  '\uffff',
  '😀',
  new Uint8Array([]),
  new Uint8Array([0]),
  new Date(-1),
  new Date(5),
]

const sorted = (list: readonly Task[], key: (task: Task) => number) =>
  [...list].sort((a, b) => key(a) - key(b) || (a.id < b.id ? -1 : 1))

export const indexes: Suite = {
  async 'equality by one path, by leading paths and by a hash'({ open }) {
    const db = await open({ collections: schema })
    await db.tasks.put(tasks(60))
    const inProject = sorted(tasks(60), ({ rank }) => rank).filter(
      ({ project }) => project === 'p2',
    )
    equal(await db.tasks.findBy('project', 'p2').toArray(), inProject)
    equal(await db.tasks.findBy(['project', 'rank'], ['p2', 14]).ids(), [task(2).id])
    equal(await db.tasks.findBy('done', true).count(), 30)
    equal(await db.tasks.findBy('slug', 'slug-7').first(), task(7))
    equal(await db.tasks.findBy('slug', 'none').toArray(), [])
  },

  async 'ranges with each kind of bound'({ open }) {
    const db = await open({ collections: schema })
    await db.tasks.put(tasks(60))
    const ranks = async (bounds: object) =>
      (await db.tasks.range('rank', bounds).toArray()).map(({ rank }) => rank)
    const all = sorted(tasks(60), ({ rank }) => rank).map(({ rank }) => rank)
    equal(await ranks({}), all)
    equal(
      await ranks({ gt: 20, lte: 42 }),
      all.filter((rank) => rank > 20 && rank <= 42),
    )
    equal(
      await ranks({ gte: 21, lt: 42 }),
      all.filter((rank) => rank >= 21 && rank < 42),
    )
    equal(await ranks({ gt: 42, lt: 21 }), [])
  },

  async 'ranges by tuples'({ open }) {
    const db = await open({ collections: schema })
    await db.tasks.put(tasks(60))
    const paths = ['project', 'rank'] as const
    const found = async (bounds: object) => db.tasks.range(paths, bounds).count()
    const count = (test: (task: Task) => boolean) => tasks(60).filter(test).length
    const of = (task: Task) => task.project ?? ''
    equal(
      await found({ prefix: ['p1'], gte: 30 }),
      count((t) => of(t) === 'p1' && t.rank >= 30),
    )
    equal(
      await found({ prefix: ['p1'], gt: [30], lte: [70] }),
      count((t) => of(t) === 'p1' && t.rank > 30 && t.rank <= 70),
    )
    equal(
      await found({ gt: ['p1'] }),
      count((t) => of(t) > 'p1'),
    )
    equal(
      await found({ gte: ['p1', 50], lt: ['p3'] }),
      count((t) => of(t) < 'p3' && (of(t) > 'p1' || (of(t) === 'p1' && t.rank >= 50))),
    )
    equal(
      await found({ lte: ['p1'] }),
      count((t) => of(t) <= 'p1'),
    )
  },

  async 'ranges by the prefix of a string'({ open }) {
    const db = await open({ collections: schema })
    await db.tasks.put(tasks(60))
    equal(await db.tasks.range('slug', { prefix: 'slug-1' }).count(), 11)
    equal(await db.tasks.range('slug', { prefix: '' }).count(), 60)
    equal(await db.tasks.range('slug', { prefix: 'slug-1' }).reverse().first(), task(19))
  },

  async 'one entry per element of an array, each document once'({ open }) {
    const db = await open({ collections: schema })
    await db.tasks.put({ ...task(1), tags: ['x', 'y', 'x'] })
    await db.tasks.put({ ...task(2), tags: ['y'] })
    await db.tasks.put({ ...task(3), tags: [] })
    equal(await db.tasks.findBy('tags', 'x').ids(), [task(1).id])
    equal(await db.tasks.findBy('tags', 'y').ids(), ids([task(1), task(2)]))
    equal(await db.tasks.range('tags').ids(), ids([task(1), task(2)]))
    equal(await db.tasks.range('tags').reverse().ids(), ids([task(2), task(1)]))
  },

  async 'paths reach into objects and through arrays'({ open }) {
    interface Order {
      id: number
      customer: { city?: string }
      items: { sku: string }[]
    }
    const orders = collection<Order>({
      indexes: [index('customer.city'), index('items.sku', { each: true })],
    })
    const db = await open({ collections: { orders } })
    await db.orders.put([
      { id: 1, customer: { city: 'Rome' }, items: [{ sku: 'a' }, { sku: 'b' }] },
      { id: 2, customer: {}, items: [{ sku: 'b' }] },
    ])
    equal(await db.orders.findBy('customer.city', 'Rome').ids(), [1])
    equal(await db.orders.findBy('items.sku', 'b').ids(), [1, 2])
    equal(await db.orders.range('customer.city').ids(), [1])
  },

  async 'values of different types have one order'({ open }) {
    const db = await open()
    const loose = await db.createCollection<Loose>('loose', { indexes: [index('a')] })
    await loose.put(ordered.map((a, id) => ({ id, a })).reverse())
    await loose.put({ id: -1 })
    equal(
      await loose.range('a').ids(),
      ordered.map((_, id) => id),
    )
    equal(await loose.findBy('a', 5n as never).ids(), [8])
    equal(await loose.findBy('a', 5 as never).ids(), [8])
    equal(await loose.findBy('a', null as never).ids(), [0])
  },

  async 'a missing field keeps a document out of a compound index only where it is the first'({
    open,
  }) {
    const db = await open()
    const loose = await db.createCollection<Loose>('loose', { indexes: [index('a', 'b')] })
    await loose.put([
      { id: 1, a: 1 },
      { id: 2, b: 1 },
      { id: 3, a: 1, b: null },
      { id: 4, a: { x: 1 }, b: 1 },
    ])
    equal(await loose.range('a').ids(), [1, 3])
  },

  async 'entries follow their documents'({ open }) {
    const db = await open({ collections: schema })
    await db.tasks.put(task(1))
    await db.tasks.update(task(1).id, { rank: 1000 })
    equal(await db.tasks.range('rank', { lt: 1000 }).count(), 0)
    equal(await db.tasks.range('rank', { gte: 1000 }).ids(), [task(1).id])
    await db.tasks.delete(task(1).id)
    equal(await db.tasks.range('rank').count(), 0)
  },

  async 'a unique index keeps values apart, missing ones excepted'({ open }) {
    const db = await open({ collections: schema })
    await db.tasks.put(task(1))
    const taken = { ...task(2), slug: task(1).slug }
    await fails('UniqueViolation', () => db.tasks.put(taken))
    await fails('UniqueViolation', () => db.tasks.put([task(3), taken]))
    equal(await db.tasks.count(), 1)
    const { slug: _, ...without } = task(4)
    await db.tasks.put([without, { ...without, id: 'other' }])
    await db.tasks.put(task(1))
    equal(await db.tasks.count(), 3)
  },

  async 'two documents swap a unique value in one write'({ open }) {
    const db = await open({ collections: schema })
    await db.tasks.put([task(1), task(2)])
    const swapped = [
      { ...task(1), slug: task(2).slug },
      { ...task(2), slug: task(1).slug },
    ]
    await db.tasks.put(swapped)
    equal(await db.tasks.findBy('slug', 'slug-1').ids(), [task(2).id])
    equal(await db.tasks.findBy('slug', 'slug-2').ids(), [task(1).id])
  },

  async 'an index is added to documents that are there, and dropped again'({ open }) {
    const db = await open({ collections: schema })
    await db.tasks.put(tasks(3000))
    await fails('IndexRequired', () => db.tasks.findBy('title', 'Task 7').toArray())
    const done: number[] = []
    await db.tasks.createIndex(index('title'), {
      onProgress: (at) => done.push(at.done / at.total),
    })
    equal(await db.tasks.findBy('title', 'Task 7').toArray(), [task(7)])
    equal(
      [...done].sort((a, b) => a - b),
      done,
      'progress',
    )
    await fails('AlreadyExists', () => db.tasks.createIndex(index('title')))
    await db.tasks.dropIndex(index('title'))
    await fails('IndexRequired', () => db.tasks.findBy('title', 'Task 7').toArray())
    await fails('NotFound', () => db.tasks.dropIndex(index('title')))
  },

  async 'a unique index is not added where documents share a value'({ open }) {
    const db = await open({ collections: schema })
    await db.tasks.put(tasks(200))
    await fails('UniqueViolation', () => db.tasks.createIndex(index('done', { unique: true })))
    equal((await db.tasks.indexes()).length, 5)
    await db.tasks.put(task(201))
    equal(await db.tasks.count(), 201)
  },

  async 'indexes tell what they are'({ open }) {
    const db = await open({ collections: schema })
    await db.tasks.put(tasks(20))
    const infos = await db.tasks.indexes()
    const tags = infos.find(({ each }) => each)
    equal(tags?.paths, ['tags'])
    equal(tags?.state, 'ready')
    equal(tags?.entries, tasks(20).flatMap(({ tags }) => [...new Set(tags)]).length)
    equal(infos.map(({ paths }) => paths.join()).sort(), [
      'done',
      'project,rank',
      'rank',
      'slug',
      'tags',
    ])
  },

  async 'without an index a query is refused, naming the declaration to add'({ open }) {
    const db = await open({ collections: schema })
    const error = await fails('IndexRequired', () => db.tasks.findBy('title', 'x').toArray())
    equal(error.message.includes("index('title')"), true)
    await fails('IndexRequired', () => db.tasks.range('done').toArray())
    await fails('IndexRequired', () =>
      db.tasks.findBy(['rank', 'project'] as const, [1, 'p1']).toArray(),
    )
  },
}
