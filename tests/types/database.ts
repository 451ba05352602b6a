/** What databases, collections and queries are inferred to be; checked by the compiler alone. */

import { collection, index } from '../../js/declare.js'
import type {
  AnyDocument,
  Collection,
  CollectionDeclaration,
  Database,
  Input,
  OpenOptions,
  Patch,
  Query,
  Schema,
  StandardSchema,
  SyncDatabase,
  SyncQuery,
} from '../../js/types.js'
import { type Equal, expectType } from './equal.js'

interface Task {
  id: string
  title: string
  due: Date
  tags: string[]
  notes?: string
  readonly createdBy: string
}

interface Visit {
  id: number
  url: string
}

declare function open<S extends Schema>(name: string, options: OpenOptions<S>): Promise<Database<S>>
declare const taskSchema: StandardSchema<Task>

export const schema = {
  tasks: collection<Task>({
    indexes: [
      index('title', 'due'),
      index('tags', { each: true }),
      index('title', 'due', { unique: true }),
    ],
  }),
  visits: collection<Visit>({ indexes: [index('url', { kind: 'hash' })] }),
  checked: collection({ schema: taskSchema, indexes: [index('due')] }),
  stats: collection<Visit>(),
  $own: collection<Visit>(),
}

// @ts-expect-error there is no such path
collection<Task>({ indexes: [index('titel')] })
// @ts-expect-error a path of a schema's document is checked as well
collection({ schema: taskSchema, indexes: [index('titel')] })
// @ts-expect-error a document has an id
collection<{ title: string }>()
// @ts-expect-error an id is a string or a number
collection<{ id: bigint }>()
// @ts-expect-error an index has options that are known
index('title', { sparse: true })

declare const db: Database<typeof schema>

expectType<Equal<(typeof db)['tasks'], Collection<Task>>>()
expectType<Equal<(typeof db)['checked'], Collection<Task>>>()
expectType<Equal<(typeof schema)['checked'], CollectionDeclaration<Task>>>()

/** Never run: only its types matter. */
export async function reading(): Promise<void> {
  const opened = await open('app', { collections: schema })
  expectType<Equal<typeof opened, typeof db>>()

  // A reserved name stays what it is, and its collection is reached by name.
  expectType<Equal<keyof typeof db & '$own', never>>()
  const { scans } = await db.stats()
  const visit = await db.collection('stats').get(scans)
  expectType<Equal<typeof visit, Visit | undefined>>()
  const other = db.collection('other')
  expectType<Equal<typeof other, Collection<AnyDocument>>>()
  const named = db.collection<Task>('other')
  expectType<Equal<typeof named, Collection<Task>>>()
  // @ts-expect-error it was not declared
  db.other

  const byTitle = db.tasks.findBy('title', 'x')
  expectType<Equal<typeof byTitle, Query<Task>>>()
  db.tasks.findBy('tags', 'x')
  db.tasks.findBy('tags', ['x', 'y'])
  db.tasks.findBy(['title', 'due'], ['x', new Date()])
  db.tasks.range('due', { lt: new Date() })
  db.tasks.range('due')
  db.tasks.range('title', { prefix: 'a' })
  db.tasks.range(['title', 'due'], { prefix: ['x'], gte: new Date() })
  db.tasks.range(['title', 'due'], { gt: ['x'] })
  // @ts-expect-error there is no such path
  db.tasks.findBy('titel', 'x')
  // @ts-expect-error a title is a string
  db.tasks.findBy('title', 5)
  // @ts-expect-error the values are in the order of the paths
  db.tasks.findBy(['title', 'due'], [new Date(), 'x'])
  // @ts-expect-error a date has no prefix
  db.tasks.range('due', { prefix: 'a' })
  // @ts-expect-error these ids are strings
  db.tasks.get(5)
  db.visits.scan({ gte: 5 })

  const titles = byTitle.filter((task) => task.tags.length > 0).map((task) => task.title)
  expectType<Equal<typeof titles, Query<string>>>()
  const ids = await byTitle.take(3).ids()
  expectType<Equal<typeof ids, string[]>>()
  const noted = byTitle.filter((task): task is Task & { notes: string } => task.notes !== undefined)
  expectType<Equal<typeof noted, Query<Task & { notes: string }>>>()
  for await (const task of byTitle) expectType<Equal<typeof task, Task>>()
}

/** Never run: only its types matter. */
export async function writing(): Promise<void> {
  const id = await db.tasks.put({ title: 'x', due: new Date(), tags: [], createdBy: 'me' })
  expectType<Equal<typeof id, string>>()
  const many = await db.visits.insert([{ id: 1, url: '' }])
  expectType<Equal<typeof many, number[]>>()
  // @ts-expect-error no number can be made up
  await db.visits.put({ url: '' })
  // @ts-expect-error the title is missing
  await db.tasks.put({ due: new Date(), tags: [], createdBy: 'me' })

  await db.tasks.update(id, { notes: undefined, title: 'y' })
  await db.tasks.update(id, (task) => ({ ...task, title: 'y' }))
  // @ts-expect-error a required property cannot be deleted
  await db.tasks.update(id, { title: undefined })
  // @ts-expect-error an id never changes
  await db.tasks.update(id, { id: 'b' })
  // @ts-expect-error a closure is synchronous
  await db.tasks.update(id, async (task) => task)

  const sum = await db.transaction(async (tx) => {
    await tx.tasks.delete([id])
    // @ts-expect-error indexes are made outside of transactions
    tx.tasks.createIndex
    return tx.collection('visits').count()
  })
  expectType<Equal<typeof sum, number>>()
  // @ts-expect-error a snapshot is read-only
  await db.read((snap) => snap.tasks.put)
}

type Branded = string & { readonly brand: 'user' }
type Optional<T> = { [K in keyof T]-?: Partial<Pick<T, K>> extends Pick<T, K> ? K : never }[keyof T]

expectType<Equal<Optional<Input<Task>>, 'id' | 'notes'>>()
expectType<Equal<Input<Visit>, Visit>>()
expectType<Equal<Input<{ id: Branded }>, { id: Branded }>>()
expectType<Equal<Input<{ id: `user-${string}` }>, { id: `user-${string}` }>>()
expectType<Equal<Optional<Input<{ id: string | number; a: 1 }>>, 'id'>>()
export const anyInput: Input<AnyDocument> = { whatever: 1 }
export const patch: Patch<Task> = { tags: ['a'] }

/** A union of documents stays one: its members are not mixed. */
type Shape = { id: string; kind: 'circle'; r: number } | { id: string; kind: 'box'; w: number }
export const circle: Input<Shape> = { kind: 'circle', r: 1 }
// @ts-expect-error a circle has no width
export const mixed: Input<Shape> = { kind: 'circle', w: 1 }

/** A database of any schema can be passed around. */
export function anyDatabase(some: Database<Schema>): Promise<void> {
  return some.close()
}

declare const sync: SyncDatabase<typeof schema>

/** Never run: only its types matter. */
export function synchronous(): string[] {
  const query = sync.tasks.range('due', { lt: new Date() }).reverse()
  expectType<Equal<typeof query, SyncQuery<Task>>>()
  const n = sync.transaction((tx) => tx.visits.put({ id: 1, url: '' }))
  expectType<Equal<typeof n, number>>()
  return [...query.map((task) => task.title)]
}
