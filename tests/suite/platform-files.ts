// Names of files are not durable in OPFS: what a database makes of files that are missing, emptied,
// swapped, or back from an earlier day.
import { isEntidbError, open, remove } from 'entidb'
import { equal } from './support/assert.js'
import { schema, type Task, tasks } from './support/tasks.js'

const name = 'files'
const FILES = ['volume', 'log.a', 'log.b'] as const
/** Documents on the first day, and at last. */
const [EARLY, LATE] = [40, 120]

/** The bytes of the three files; a file that is missing has none. */
type Files = readonly (Blob | undefined)[]

const EMPTY = new Blob([])

/** Which files are put where, given those of now, of an earlier day, and of another database. */
const arrangements: Record<string, (now: Files, early: Files, other: Files) => Files> = {
  'nothing is changed': (now) => now,
  ...Object.fromEntries(
    [[0], [1], [2], [0, 1], [0, 2], [1, 2]].flatMap((places) => {
      const names = places.map((at) => FILES[at]).join(' and ')
      const at =
        (by: (place: number, file: Blob | undefined) => Blob | undefined) => (now: Files) =>
          now.map((file, place) => (places.includes(place) ? by(place, file) : file))
      const swap =
        (from: (early: Files, other: Files) => Files) => (now: Files, a: Files, b: Files) =>
          now.map((file, place) => (places.includes(place) ? from(a, b)[place] : file))
      return [
        [`${names} is missing`, at(() => undefined)],
        [`${names} is empty`, at(() => EMPTY)],
        [`${names} is from an earlier day`, swap((early) => early)],
        [`${names} is of another database`, swap((_, other) => other)],
      ] as const
    }),
  ),
  ...Object.fromEntries(
    [
      [0, 2, 1],
      [1, 0, 2],
      [2, 1, 0],
      [1, 2, 0],
      [2, 0, 1],
    ].map((order) => {
      const names = order.map((at) => FILES[at]).join(', ')
      return [`the files lie as ${names}`, (now: Files) => order.map((at) => now[at])] as const
    }),
  ),
}

export const cases = Object.keys(arrangements)

/**
 * What an arrangement gives: `whole`, `earlier`, or the kind of the error. The files must be
 * untouched by an open that fails: put back as they were they are the database.
 */
export async function arrange(which: string): Promise<string> {
  for (const left of [name, 'other']) await remove(left)
  const [early, now] = await make(name, LATE)
  const [, other] = await make('other', EARLY)
  const arranged = arrangements[which]?.(now, early, other) ?? []
  await put(arranged)
  const outcome = await result()
  if (outcome === 'Corrupt' || outcome === 'NotFound') {
    const kept = await taken(name)
    for (const [at, file] of kept.entries()) {
      const [before, after] = await Promise.all([bytesOf(arranged[at]), bytesOf(file)])
      equal(after, before, `${FILES[at]} after an open that failed`)
    }
    await put(now)
    equal(await result(), 'whole', 'the database once its files are back')
  }
  return outcome
}

const bytesOf = async (file: Blob | undefined) =>
  file === undefined ? '' : [...new Uint8Array(await file.arrayBuffer())].join().replace(/^,$/, '')

/** Makes a database in segments and logs: its files on an earlier day, and at last. */
async function make(name: string, count: number): Promise<[Files, Files]> {
  const all = tasks(count)
  const db = await open(name, { collections: schema })
  await db.tasks.put(all.slice(0, 20))
  await db.checkpoint()
  await db.tasks.put(all.slice(20, EARLY))
  await db.close()
  const early = await taken(name)
  const again = await open(name, { collections: schema })
  await again.checkpoint()
  await again.tasks.put(all.slice(EARLY, 100))
  await again.checkpoint()
  await again.tasks.put(all.slice(100))
  await again.close()
  return [early, await taken(name)]
}

/** The content of the database: as it was at last, or earlier, or wrong; or the error. */
async function result(): Promise<string> {
  try {
    const db = await open(name, { collections: schema })
    try {
      const found = await db.tasks.scan().toArray()
      if (spell(found) !== spell(tasks(found.length))) return 'wrong'
      equal(await db.tasks.range('slug').count(), found.length)
      equal((await db.storage()).created, false, 'whether it is new')
      return found.length === LATE ? 'whole' : 'earlier'
    } finally {
      await db.close()
    }
  } catch (error) {
    if (isEntidbError(error)) return error.kind
    throw error
  }
}

const spell = (list: readonly Task[]) =>
  list
    .map(({ id, title, project, rank, tags, slug, done }) =>
      [id, title, project, rank, tags, slug, done].join(),
    )
    .join()

async function folderOf(name: string): Promise<FileSystemDirectoryHandle> {
  const root = await navigator.storage.getDirectory()
  return (await root.getDirectoryHandle('entidb')).getDirectoryHandle(name)
}

/** Copies of the files, as those themselves will change. */
async function taken(name: string): Promise<Files> {
  const folder = await folderOf(name)
  return Promise.all(
    FILES.map(async (file) => {
      const handle = await folder.getFileHandle(file).catch(() => undefined)
      return handle && new Blob([await (await handle.getFile()).arrayBuffer()])
    }),
  )
}

async function put(files: Files): Promise<void> {
  const folder = await folderOf(name)
  for (const [at, file] of FILES.entries()) {
    const bytes = files[at]
    await folder.removeEntry(file).catch(() => {})
    if (bytes === undefined) continue
    const writable = await (await folder.getFileHandle(file, { create: true })).createWritable()
    await writable.write(bytes)
    await writable.close()
  }
}
