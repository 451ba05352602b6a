// What a database says of data that was taken away, handles that are given back late, and a storage
// that is full.
import { type Database, type EntidbError, isEntidbError, open } from 'entidb'
import { equal, fails, ok } from './support/assert.js'
import { schema, task, tasks } from './support/tasks.js'

export type Storage = 'opfs' | 'indexeddb'

type Tasks = Database<typeof schema>

const name = 'loss'

const start = (storage: Storage): Promise<Tasks> => open(name, { storage, collections: schema })

let db: Tasks | undefined
let told: Promise<EntidbError>
let wasTold = false
/** Writes acknowledged after the page was told of the loss. */
let late = 0

/** Opens it, and goes on writing if that is wanted, until it fails. */
export async function begin({ storage, busy }: { storage: Storage; busy: boolean }): Promise<void> {
  const opened = await start(storage)
  db = opened
  told = new Promise((resolve) => {
    opened.on('error', (error) => {
      wasTold = true
      resolve(error)
    })
  })
  await opened.tasks.put(tasks(10))
  if (!busy) return
  const next = (n: number): Promise<unknown> =>
    opened.tasks.put(task(n)).then(() => {
      if (wasTold) late += 1
      return next((n + 1) % 1000)
    })
  next(0).catch(() => {})
}

/** Waits until the page is told of the loss; then nothing more may be acknowledged. */
export async function lose(storage: Storage): Promise<{ kind: string; created: boolean }> {
  const { kind } = await told
  const lost = db
  ok(lost, 'it was opened')
  await fails('StorageLost', () => lost.tasks.put(task(1)))
  await fails('StorageLost', () => lost.tasks.get(task(1).id))
  await fails('StorageLost', () => lost.transaction((tx) => tx.tasks.put(task(2))))
  equal(late, 0, 'what was acknowledged afterwards')
  await lost.close()
  const again = await start(storage)
  const { created } = await again.storage()
  equal(await again.tasks.count(), 0)
  await again.tasks.put(tasks(5))
  equal(await again.tasks.count(), 5)
  await again.close()
  return { kind, created }
}

/** Tries to remove the files of a database that another page has open; what that failed with. */
export async function removeFiles(): Promise<string[]> {
  const root = await navigator.storage.getDirectory()
  const all = await root.getDirectoryHandle('entidb')
  const folder = await all.getDirectoryHandle(name)
  const attempts = [
    () => root.removeEntry('entidb', { recursive: true }),
    () => all.removeEntry(name, { recursive: true }),
    ...['volume', 'log.a', 'log.b'].map((file) => () => folder.removeEntry(file)),
  ]
  const outcomes = []
  for (const attempt of attempts) {
    outcomes.push(
      await attempt().then(
        () => 'removed',
        ({ name }: DOMException) => name,
      ),
    )
  }
  return outcomes
}

/** What is there still, in the database that is open. */
export async function count(): Promise<number> {
  ok(db, 'it was opened')
  await db.tasks.put(task(500))
  return (await db.tasks.scan().toArray()).length
}

/** Opens a database whose files somebody holds who is ended while it waits for them. */
export async function openHeld(): Promise<number> {
  const made = await start('opfs')
  await made.tasks.put(tasks(20))
  await made.close()
  const counts = []
  for (const file of ['volume', 'log.a', 'log.b']) {
    const holder = await holding(file)
    const opening = start('opfs')
    // It is not known how far the open has come: at most it waits, and it must not fail.
    await new Promise((resolve) => setTimeout(resolve))
    holder.terminate()
    const opened = await opening
    counts.push(await opened.tasks.count())
    await opened.close()
  }
  equal(counts, [20, 20, 20])
  return 20
}

/** A worker that has a file of the database open. */
async function holding(file: string): Promise<Worker> {
  const script = `(async () => {
    const root = await navigator.storage.getDirectory()
    const folder = await (await root.getDirectoryHandle('entidb')).getDirectoryHandle('${name}')
    globalThis.handle = await (await folder.getFileHandle('${file}')).createSyncAccessHandle()
    postMessage('')
  })()`
  const worker = new Worker(URL.createObjectURL(new Blob([script])))
  await new Promise((resolve) => {
    worker.onmessage = resolve
  })
  return worker
}

declare function setQuota(bytes: number): Promise<void>

const MiB = 2 ** 20
const DOCUMENT_BYTES = 20_000

/** Puts documents from number `from` on until the storage is full; how many there are then. */
async function fillUp(filled: Tasks, from: number): Promise<number> {
  for (let documents = from; ; documents++) {
    try {
      await filled.tasks.put(large(documents))
    } catch (error) {
      ok(isEntidbError(error, 'QuotaExceeded'), `${error}`)
      return documents
    }
  }
}

/**
 * Fills a database up to one quota after the other, and deletes a document each time; then empties
 * and fills it at the last one. How many documents it had, each time that it was full.
 */
export async function fill(steps: number): Promise<number[]> {
  await setQuota(1024 * MiB)
  const filled = await start('opfs')
  const { usage = 0 } = await navigator.storage.estimate()
  const counts: number[] = []
  let documents = 0
  for (let step = 1; step <= steps; step++) {
    await setQuota(usage + step * 2 * MiB)
    documents = await fillUp(filled, documents)
    counts.push(documents)
    await check(filled, documents)
    if (documents > 0) {
      documents -= 1
      equal(await filled.tasks.delete(large(documents).id), 1, 'deleted from a full storage')
    }
    await check(filled, documents)
  }
  while (documents > 0) {
    documents -= 1
    equal(await filled.tasks.delete(large(documents).id), 1, 'deleted from a full storage')
  }
  await check(filled, 0)
  documents = await fillUp(filled, 0)
  counts.push(documents)
  await filled.tasks.clear()
  documents = await fillUp(filled, 0)
  counts.push(documents)
  await setQuota(1024 * MiB)
  await filled.tasks.put(large(documents))
  await check(filled, documents + 1)
  await filled.close()
  const again = await start('opfs')
  await check(again, documents + 1)
  await again.close()
  return counts
}

const titles: string[] = []

/** Of random letters, as the engine compresses what it can. */
function large(n: number) {
  let title = titles[n] ?? ''
  let state = n + 1
  while (title.length < DOCUMENT_BYTES) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    title += state.toString(36)
  }
  titles[n] = title
  return { ...task(n), title }
}

async function check(filled: Tasks, documents: number): Promise<void> {
  const found = await filled.tasks.scan().toArray()
  equal(found.length, documents, 'documents')
  found.forEach((one, n) => {
    ok(one.title === large(n).title, `document ${n} is as it was written`)
  })
  equal(await filled.tasks.range('slug').count(), documents)
}
