import { collection, index, type StandardSchema } from 'entidb'
import { equal, fails, ok } from './support/assert.js'
import type { Suite } from './support/bench.js'
import { schema, type Task, task, tasks } from './support/tasks.js'

// biome-ignore lint/suspicious/noExplicitAny: these are the inputs that types would refuse.
type Wrong = any

class Point {
  x = 1
}

function circle(): Wrong {
  const inner: Wrong = { back: undefined }
  inner.back = { inner }
  return inner
}

function deep(levels: number): Wrong {
  let value: Wrong = 1
  for (let level = 0; level < levels; level++) value = { value }
  return value
}

/** What no document can hold, and where the error says that it is. */
const unstorable: Record<string, readonly [value: Wrong, path: string]> = {
  NaN: [Number.NaN, 'title'],
  infinity: [{ a: [Number.POSITIVE_INFINITY] }, 'title.a[0]'],
  function: [() => 1, 'title'],
  symbol: [Symbol('s'), 'title'],
  'lone surrogate': ['\ud800', 'title'],
  'class instance': [{ at: new Point() }, 'title.at'],
  map: [new Map(), 'title'],
  'invalid date': [new Date(Number.NaN), 'title'],
  'undefined in an array': [[1, undefined], 'title[1]'],
  'hole in an array': [new Array(3), 'title[0]'],
  'bigint beyond 64 bits': [2n ** 64n, 'title'],
  cycle: [circle(), 'title.back.inner'],
}

/** Accepts tasks whose title is not empty, and trims it. */
const trimmed: StandardSchema<Task> = {
  '~standard': {
    version: 1,
    vendor: 'test',
    validate(value) {
      const { title } = value as Task
      const text = typeof title === 'string' ? title.trim() : ''
      if (text === '') return { issues: [{ message: 'is empty', path: ['title'] }] }
      return { value: { ...(value as Task), title: text } }
    },
  },
}

export const input: Suite = {
  async 'what cannot be stored is refused by its place, and nothing is written'({ open }) {
    const db = await open({ collections: schema })
    await db.tasks.put(task(1))
    for (const [what, [value, path]] of Object.entries(unstorable)) {
      const bad = { ...task(2), title: value }
      const error = await fails('InvalidInput', () => db.tasks.put(bad))
      equal(error.details.path, path, what)
      await fails('InvalidInput', () => db.tasks.put([task(3), bad]))
      await fails('InvalidInput', () => db.tasks.update(task(1).id, { title: value }))
    }
    equal(await db.tasks.scan().toArray(), [task(1)])
  },

  async 'documents are plain objects'({ open }) {
    const db = await open({ collections: schema })
    for (const doc of [null, 5, 'a', new Point(), new Date(), undefined] as Wrong[]) {
      await fails('InvalidInput', () => db.tasks.put(doc))
    }
    equal(await db.tasks.count(), 0)
  },

  async 'nesting of 200,000 levels and documents beyond 16 MiB are refused'({ open }) {
    const db = await open({ collections: schema })
    await fails('LimitExceeded', () => db.tasks.put({ ...task(1), title: deep(200_000) }))
    await fails('LimitExceeded', () => db.tasks.put({ ...task(1), title: deep(128) }))
    const bytes: Wrong = new Uint8Array(16 * 1024 * 1024)
    await fails('LimitExceeded', () => db.tasks.put({ ...task(1), title: bytes }))
    await db.tasks.put(task(1))
    equal(await db.tasks.count(), 1)
  },

  async 'ids are strings or safe integers'({ open }) {
    const db = await open({ collections: schema })
    for (const id of [null, 1.5, 2 ** 53, Number.NaN, true, {}, '', '\ud800', 5n] as Wrong[]) {
      await fails('InvalidInput', () => db.tasks.get(id))
      await fails('InvalidInput', () => db.tasks.put({ ...task(1), id }))
      await fails('InvalidInput', () => db.tasks.getMany([task(1).id, id]))
    }
    await fails('LimitExceeded', () => db.tasks.get('x'.repeat(513)))
    await fails('InvalidInput', () => db.tasks.get(undefined as Wrong))
    await fails('InvalidInput', () => db.tasks.delete(undefined as Wrong))
    await fails('InvalidInput', () => db.tasks.delete([1.5 as Wrong]))
  },

  async 'an id does not change'({ open }) {
    const db = await open({ collections: schema })
    await db.tasks.put(task(1))
    const other: Wrong = { id: 'other', title: 'x' }
    await fails('InvalidInput', () => db.tasks.update(task(1).id, other))
    await fails('InvalidInput', () => db.tasks.update(task(1).id, (doc) => ({ ...doc, ...other })))
    equal(await db.tasks.get(task(1).id), task(1))
  },

  async 'the function of update is synchronous and returns the document'({ open }) {
    const db = await open({ collections: schema })
    await db.tasks.put(task(1))
    const wrong: Wrong[] = [async (doc: Task) => doc, () => undefined, () => 5]
    for (const change of wrong) {
      await fails('InvalidInput', () => db.tasks.update(task(1).id, change))
    }
    for (const change of [null, 5, undefined] as Wrong[]) {
      await fails('InvalidInput', () => db.tasks.update(task(1).id, change))
    }
    equal(await db.tasks.get(task(1).id), task(1))
  },

  async 'an ordered key has 1 KiB at most, a hashed one any size'({ open }) {
    const db = await open({ collections: schema })
    const long = 'x'.repeat(2000)
    await fails('LimitExceeded', () => db.tasks.put({ ...task(1), slug: long }))
    const pages = await db.createCollection<{ id: string; url: string }>('pages', {
      indexes: [index('url', { kind: 'hash' })],
    })
    await pages.put({ id: 'a', url: long })
    equal(await pages.findBy('url', long).ids(), ['a'])
    equal(await db.tasks.count(), 0)
  },

  async 'queries are checked before anything is sent'({ open }) {
    const db = await open({ collections: schema })
    const { tasks } = db as Wrong
    const calls: Record<string, () => Wrong> = {
      'NaN as a value': () => tasks.findBy('rank', Number.NaN),
      'undefined as a value': () => tasks.findBy('rank', undefined),
      'an object as a value': () => tasks.findBy('rank', {}),
      'values of another number': () => tasks.findBy(['project', 'rank'], ['p1']),
      'no paths': () => tasks.findBy([], []),
      'a path that is no string': () => tasks.findBy(5, 5),
      'an empty step': () => tasks.findBy('a..b', 5),
      'two lower bounds': () => tasks.range('rank', { gt: 1, gte: 2 }),
      'a bound that is misspelt': () => tasks.range('rank', { from: 1 }),
      'bounds that are no object': () => tasks.range('rank', 5),
      'a prefix that is no string': () => tasks.range('rank', { prefix: 5 }),
      'a prefix with a bound': () => tasks.range('slug', { prefix: 'a', lt: 'b' }),
      'a tuple that is too long': () => tasks.range(['project'], { gt: ['a', 1] }),
      'an empty tuple': () => tasks.range(['project', 'rank'], { gt: [] }),
      'an id that is none': () => tasks.scan({ gt: 1.5 }),
      'a limit below 0': () => tasks.scan().take(-1),
      'a fraction': () => tasks.scan().drop(1.5),
      'a predicate that is none': () => tasks.scan().filter(5),
    }
    for (const [what, call] of Object.entries(calls)) {
      try {
        await fails('InvalidInput', call)
      } catch (error) {
        throw new Error(what, { cause: error })
      }
    }
  },

  async 'options are checked'({ open }) {
    const db = await open({ collections: schema })
    const wrong: Wrong = { durability: 'eventually' }
    await fails('InvalidInput', () => db.tasks.put(task(1), wrong))
    await fails('InvalidInput', () => db.tasks.put(task(1), { ifMatch: 'abc' }))
    await fails('InvalidInput', () => db.transaction(5 as Wrong))
    await fails('InvalidInput', () => db.transaction(() => {}, wrong))
    await fails('InvalidInput', () => db.collection(5 as Wrong))
    await fails('InvalidInput', () => db.collection(''))
    await fails('LimitExceeded', () => db.collection('x'.repeat(129)))
    await fails('InvalidInput', () => db.tasks.createIndex({ paths: 5 } as Wrong))
    equal(await db.tasks.count(), 0)
  },

  async 'a schema validates every write, and its output is stored'({ open }) {
    const db = await open({ collections: { checked: collection({ schema: trimmed }) } })
    await db.checked.put({ ...task(1), title: '  Title ' })
    equal((await db.checked.get(task(1).id))?.title, 'Title')
    const error = await fails('InvalidInput', () => db.checked.put({ ...task(2), title: ' ' }))
    equal(error.details.path, 'title')
    await fails('InvalidInput', () => db.checked.insert([task(3), { ...task(4), title: '' }]))
    await fails('InvalidInput', () => db.checked.update(task(1).id, { title: '' }))
    await fails('InvalidInput', () =>
      db.checked.update(task(1).id, (doc) => ({ ...doc, title: '' })),
    )
    equal((await db.checked.update(task(1).id, { title: ' New ' })).title, 'New')
    const { id: _, ...without } = task(5)
    ok((await db.checked.put(without)).length === 36, 'an id is made')
    equal(await db.checked.count(), 2)
  },

  async 'what failed leaves the database usable'({ open }) {
    const db = await open({ collections: schema })
    await fails('IndexRequired', () => db.tasks.findBy('title', 'x').toArray())
    await fails('InvalidInput', () => db.tasks.put({ ...task(1), rank: Number.NaN }))
    await db.tasks.put(tasks(10))
    equal(await db.tasks.findBy('done', true).count(), 5)
  },
}
