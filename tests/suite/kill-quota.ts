import { collection, index, isEntidbError, open, remove } from 'entidb'
import { equal, ok } from './support/assert.js'

interface Piece {
  id: number
  half: number
  body: string
}

const schema = { pieces: collection<Piece>({ indexes: [index('half')] }) }

/** What came of writing until there was no more room. */
export interface Filled {
  /** Why it ended. */
  readonly kind: string
  /** Documents that were acknowledged, of which as many must be found. */
  readonly acknowledged: number
}

/** What is to be found in which database. */
export interface Goal {
  readonly name: string
  readonly acknowledged: number
}

/** 20 kB that no compression makes much smaller. */
function piece(id: number): Piece {
  let state = id + 1
  const body = Array.from({ length: 4_000 }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state.toString(36).slice(-5)
  })
  return { id, half: Math.floor(id / 2), body: body.join('') }
}

const openAt = (name: string) => open(name, { storage: 'opfs', collections: schema })

/**
 * Writes until a write fails. After that everything acknowledged must be readable, by scans and by
 * the index, and the database must close.
 */
export async function fill(name: string): Promise<Filled> {
  let acknowledged = 0
  let db: Awaited<ReturnType<typeof openAt>> | undefined
  try {
    db = await openAt(name)
    for (; ; acknowledged += 2) {
      await db.pieces.put([piece(acknowledged), piece(acknowledged + 1)])
    }
  } catch (error) {
    if (!isEntidbError(error)) throw error
    if (db !== undefined) await read(db, acknowledged)
    await db?.close().catch(() => {})
    return { kind: error.kind, acknowledged }
  }
}

/** With room again all is there, goes away and comes anew. */
export async function goOn({ name, acknowledged }: Goal): Promise<void> {
  const db = await openAt(name)
  const count = await read(db, acknowledged)
  await db.pieces.put(Array.from({ length: 10 }, (_, at) => piece(count + at)))
  equal(await read(db, count + 10), count + 10)
  equal(await db.pieces.delete(0), 1)
  await db.close()
  await remove(name)
}

/** How many documents there are: all that were acknowledged, and of the last write both or none. */
async function read(db: Awaited<ReturnType<typeof openAt>>, acknowledged: number): Promise<number> {
  let found = 0
  for await (const one of db.pieces.scan()) equal(one, piece(found++))
  ok(found === acknowledged || found === acknowledged + 2, `${found} of ${acknowledged} are there`)
  equal(await db.pieces.count(), found)
  equal(
    await db.pieces.range('half').ids(),
    Array.from({ length: found }, (_, at) => at),
  )
  return found
}
