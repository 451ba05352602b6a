// What is particular to databases in IndexedDB.
import {
  collection,
  type Database,
  type EntidbError,
  list,
  type OpenOptions,
  open,
  remove,
  type StorageChoice,
} from 'entidb'
import type { Command, Lack, Told } from './faulty-worker.js'
import { equal, fails, ok } from './support/assert.js'
import { schema, task, tasks } from './support/tasks.js'
import { withWorkers } from './support/workers.js'

/** Opens a database whose worker lacks something. */
async function openLacking(
  lack: Lack,
  name: string,
  options: OpenOptions<typeof schema> = {},
): Promise<Database<typeof schema>> {
  const Real = globalThis.Worker
  const lacking = (_: string | URL, workerOptions?: WorkerOptions) =>
    new Real(new URL(`./faulty-worker.js?lacks=${lack}`, import.meta.url), workerOptions)
  return withWorkers(lacking, () =>
    open(name, { collections: schema, storage: 'indexeddb', ...options }),
  )
}

/** Tells the one faulty worker that runs something; what it has asked of the browser so far. */
function told(command: Command = 'tell'): Promise<Told> {
  const channel = new BroadcastChannel('faulty-worker')
  return new Promise((resolve) => {
    channel.onmessage = ({ data }) => {
      channel.close()
      resolve(data)
    }
    channel.postMessage(command)
  })
}

const warningOf = (db: Pick<Database, 'on'>) =>
  Promise.race([
    new Promise<EntidbError>((resolve) => db.on('warning', resolve)),
    new Promise<undefined>((resolve) => setTimeout(resolve, 50)),
  ])

/** A commit is one transaction, as durable as was asked. */
export async function countTransactions(): Promise<void> {
  const db = await openLacking('none', 'transactions')
  await db.tasks.put(tasks(10))
  await db.tasks.get(task(1).id)
  for (const durability of ['strict', 'relaxed'] as const) {
    // Relaxed commits are synced a while later.
    await new Promise((resolve) => setTimeout(resolve, 400))
    const before = (await told()).transactions.length
    await db.tasks.put({ ...task(1), title: durability }, { durability })
    const { transactions } = await told()
    equal(transactions.slice(before), [`readwrite ${durability}`])
  }
  const before = (await told()).transactions.length
  await Promise.all(tasks(50).map((one) => db.tasks.put(one)))
  const { length } = (await told()).transactions.slice(before)
  ok(length <= 2, `${length} transactions for commits that came together`)
  await db.close()
  await remove('transactions')
}

/** Where there is no OPFS, `auto` says so and goes on in IndexedDB. */
export async function fallBack(): Promise<void> {
  const storage: StorageChoice = 'auto'
  const first = await openLacking('opfs', 'fallback', { storage })
  equal((await first.storage()).backend, 'indexeddb')
  equal((await warningOf(first))?.kind, 'Unsupported')
  await first.tasks.put(tasks(20))
  await first.close()
  ok((await list()).includes('fallback'), 'it is listed')
  // It stays what it is where there is an OPFS again.
  const second = await open('fallback', { collections: schema })
  equal((await second.storage()).backend, 'indexeddb')
  equal(await second.tasks.scan().toArray(), tasks(20))
  await second.close()
  equal(await remove('fallback'), true)
  const third = await open('fallback')
  equal((await third.storage()).backend, 'opfs')
  equal(await warningOf(third), undefined)
  await third.close()
  await remove('fallback')
  await fails('Unsupported', () => openLacking('opfs', 'fallback', { storage: 'opfs' }))
}

/** Without locks whoever opened last is the only one who can store anything. */
export async function takeOver(): Promise<void> {
  const first = await openLacking('locks', 'owner')
  await first.tasks.put(task(1))
  const second = await openLacking('locks', 'owner')
  await fails('Locked', () => first.tasks.put(task(2)))
  await fails('Locked', () => first.tasks.count())
  equal(await second.tasks.scan().toArray(), [task(1)])
  await second.tasks.put(task(3))
  await first.close()
  equal(await second.tasks.count(), 2)
  await second.close()
  await remove('owner')
}

/** After a transaction that failed the database goes on from what is stored. */
export async function failTransactions(): Promise<void> {
  const kinds = { QuotaExceededError: 'QuotaExceeded', UnknownError: 'Io' } as const
  for (const [exception, kind] of Object.entries(kinds)) {
    const db = await openLacking('none', 'failing')
    await db.tasks.put(tasks(200))
    const before = await db.tasks.scan().toArray()
    await told({ fail: exception })
    const [first, ...others] = tasks(220).slice(200)
    await fails(kind, () => db.tasks.put(first ?? task(200)))
    equal(await db.tasks.count(), 200)
    // All of a group fail, and every read sees what was acknowledged.
    const writes = others.map((one) => fails(kind, () => db.tasks.put(one)))
    await Promise.all(writes)
    await fails(kind, () => db.transaction(async (tx) => void (await tx.tasks.delete(task(1).id))))
    equal(await db.tasks.scan().toArray(), before)
    equal(await db.tasks.range('rank').count(), 200)
    await told({ fail: undefined })
    await db.tasks.put(task(200))
    equal(await db.tasks.count(), 201)
    await db.close()
    const again = await open('failing', { collections: schema, storage: 'indexeddb' })
    equal(await again.tasks.scan().toArray(), tasks(201))
    await again.close()
    await remove('failing')
  }
}

/** What was begun before a transaction failed does not go on as if nothing had happened. */
export async function failInTheMiddle(): Promise<void> {
  const db = await openLacking('none', 'middle')
  await db.tasks.put(tasks(3000))
  const rows = db.tasks.scan()[Symbol.asyncIterator]()
  await rows.next()
  await fails('Closed', () =>
    db.transaction(async (tx) => {
      await tx.tasks.put(task(3000))
      await told({ fail: 'UnknownError' })
      await fails('Io', () => db.tasks.put(task(3001)))
      await told({ fail: undefined })
      await tx.tasks.put(task(3002))
    }),
  )
  await fails('Closed', async () => {
    while (!(await rows.next()).done);
  })
  equal(await db.tasks.count(), 3000)
  await db.tasks.put(task(3000))
  await db.close()
  await remove('middle')
}

/** A database that is taken away is not written to any more. */
export async function loseStorage(): Promise<void> {
  const db = await open('lost', { collections: schema, storage: 'indexeddb' })
  await db.tasks.put(task(1))
  await new Promise<void>((resolve, reject) => {
    const removal = indexedDB.deleteDatabase('entidb/lost')
    removal.onsuccess = () => resolve()
    removal.onerror = () => reject(removal.error)
  })
  await fails('StorageLost', () => db.tasks.put(task(2)))
  await db.close()
}

const pad = new Uint8Array(50_000)
const blobs = { blobs: collection<{ id: string; pad: Uint8Array }>() }
const blob = (n: number) => ({ id: `b${n}`, pad: crypto.getRandomValues(new Uint8Array(pad)) })

/** Writes until the quota is used up; how many documents were acknowledged. */
export async function fill(): Promise<number> {
  const db = await open('quota', { collections: blobs, storage: 'indexeddb' })
  let acknowledged = 0
  let failure: unknown
  while (failure === undefined && acknowledged < 2000) {
    await db.blobs.put(blob(acknowledged)).then(
      () => (acknowledged += 1),
      (error) => (failure = error),
    )
  }
  equal((failure as EntidbError).kind, 'QuotaExceeded')
  equal(await db.blobs.count(), acknowledged)
  equal((await db.blobs.scan().ids()).length, acknowledged)
  // The mark of a clean end may find no room.
  await db.close().catch((error) => equal(error.kind, 'QuotaExceeded'))
  return acknowledged
}

/** After the quota was raised everything is there, and writes go on. */
export async function goOn(acknowledged: number): Promise<void> {
  const db = await open('quota', { collections: blobs, storage: 'indexeddb' })
  equal(await db.blobs.count(), acknowledged)
  for (let n = 0; n < 20; n += 1) await db.blobs.put(blob(n + acknowledged))
  equal((await db.blobs.scan().ids()).length, acknowledged + 20)
  await db.close()
  await remove('quota')
}

/** Writes so many documents of 50 kB, opens them again and reads; bytes of the engine's memory. */
export async function memoryOf(count: number): Promise<number> {
  const first = await open('large', { collections: blobs, storage: 'indexeddb' })
  for (let n = 0; n < count; n += 20) {
    await first.blobs.put(Array.from({ length: 20 }, (_, i) => blob(n + i)))
  }
  await first.close()
  const second = await openLacking('none', 'large')
  const all = second.collection<{ id: string; pad: Uint8Array }>('blobs')
  equal(await all.count(), count)
  for (let n = 0; n < count; n += 7) equal((await all.get(`b${n}`))?.pad.length, pad.length)
  let seen = 0
  for await (const one of all.scan()) seen += one.pad.length
  equal(seen, count * pad.length)
  await all.put(blob(count))
  const { memory } = await told()
  await second.close()
  await remove('large')
  return memory
}
