import { collection, type Database, type IndexDeclaration, index, open } from 'entidb'
import type { IndexAnswer, Plan, State } from '../shared/protocol.js'
import { type IndexShape, shapes } from '../shared/schema.js'
import type { Doc, Visit } from '../shared/writers.js'

export type Db = Database
export type Stored = Doc | Visit

/** The declaration of a shape; what its paths lead to is not looked at here. */
export function declared({ paths, each, unique, kind }: IndexShape): IndexDeclaration<never> {
  const options = { ...(each && { each }), ...(unique && { unique }), ...(kind && { kind }) }
  const [first = 'rank', ...rest] = paths
  return index(first, ...rest, options) as unknown as IndexDeclaration<never>
}

export function openDatabase({ name, storage, extra }: Plan): Promise<Db> {
  const collections = Object.entries(shapes(extra)).map(([of, indexes]) => {
    return [of, collection<Doc>({ indexes: indexes.map(declared) })]
  })
  return open(name, {
    storage,
    collections: Object.fromEntries(collections),
  }) as unknown as Promise<Db>
}

/** Everything that the database answers, by every access path. */
export async function stateOf(db: Db, { load, extra }: Plan, openMs: number): Promise<State> {
  const collections: Record<string, State['collections'][string]> = {}
  for (const [name, indexes] of Object.entries(shapes(extra))) {
    const stored = db.collection<Doc>(name)
    const infos = await stored.indexes()
    const answers: IndexAnswer[] = []
    for (const shape of indexes) {
      const info = infos.find(({ paths }) => `${paths}` === `${shape.paths}`)
      const ids = await idsOf(db, name, shape)
      const [state, entries] = [info?.state ?? 'missing', info?.entries ?? 0]
      answers.push({ paths: shape.paths, state, entries, ids })
    }
    if (infos.length !== indexes.length) throw new Error(`${name} has ${infos.length} indexes`)
    const docs: Stored[] = await stored.scan().toArray()
    collections[name] = { docs, count: await stored.count(), indexes: answers }
  }
  const { created, backend } = await db.storage()
  const { logBytes, volumeBytes } = await db.stats()
  return { load, backend, created, collections, bytes: logBytes + volumeBytes, openMs }
}

/** All ids that an index leads to, in its order; those of a hash by one value after the other. */
async function idsOf(db: Db, name: string, { paths, kind }: IndexShape) {
  const stored = db.collection<Doc>(name)
  const path = paths as unknown as 'flag'
  if (kind !== 'hash') return (await stored.range(path).ids()) as string[]
  const found = [false, true].map((flag) => stored.findBy('flag', flag).ids())
  return (await Promise.all(found)).flat() as string[]
}
