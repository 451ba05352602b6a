import { isEntidbError, open, type StorageBackend } from 'entidb'
import { equal } from './support/assert.js'
import { schema, task, tasks } from './support/tasks.js'

const openTasks = (storage: StorageBackend) => open('persistence', { collections: schema, storage })

export interface Writing {
  readonly count: number
  readonly storage: StorageBackend
}

/** Writes tasks, some of them relaxed, and leaves the database open. */
export async function write({ count, storage }: Writing): Promise<number> {
  const db = await openTasks(storage)
  for (const one of tasks(10)) await db.tasks.put(one, { durability: 'relaxed' })
  await db.tasks.put(tasks(count).slice(10))
  return db.tasks.count()
}

/** Goes on to write one task after the other, and answers how many were acknowledged early on. */
export async function writeOn(storage: StorageBackend): Promise<number> {
  const db = await openTasks(storage)
  let acknowledged = 0
  return new Promise((resolve, reject) => {
    const next = () => {
      acknowledged += 1
      if (acknowledged === 200) resolve(acknowledged)
      db.tasks.put(task(acknowledged)).then(next, reject)
    }
    db.tasks.put(task(0)).then(next, reject)
  })
}

/** Checks the tasks that are there against their indexes, and answers how many they are. */
export async function read(storage: StorageBackend): Promise<number> {
  const db = await openTasks(storage)
  const found = await db.tasks.scan().toArray()
  equal(found, tasks(found.length))
  equal(await db.tasks.range('slug').count(), found.length)
  equal(await db.tasks.count(), found.length)
  await db.close()
  return found.length
}

/** Why the database cannot be opened. */
export async function refusal(storage: StorageBackend): Promise<string> {
  try {
    await openTasks(storage)
  } catch (error) {
    return isEntidbError(error) ? `${error.kind}: ${error.message}` : String(error)
  }
  return 'it was opened'
}
