// Works on a database while every system call is recorded, and checks what a loss of power may have
// left of it.
import { type Database, isEntidbError, open } from 'entidb'
import { open as openHere } from 'entidb/sync'
import { equal, explain, ok } from './support/assert.js'
import {
  apply,
  type Commit,
  History,
  type Item,
  itemOf,
  planOf,
  type State,
  type Step,
  schema,
} from './support/commits.js'

/** The history of a database. */
export interface Plan {
  readonly seed: number
  readonly steps: number
}

/** Which steps of a plan are carried out. */
export interface Work {
  readonly client: 'worker' | 'direct'
  readonly from: number
  readonly to: number
}

/** What must hold of a state. */
export interface Expected {
  /** The last commit that must be there. */
  readonly floor: number
}

export type Request = { readonly name: string; readonly plan: Plan } & (
  | ({ readonly do: 'work' } & Work)
  | ({ readonly do: 'check' } & Expected)
  | { readonly do: 'checkAll'; readonly states: readonly (Expected & { readonly url: string })[] }
)

/** What was found of one state. */
export interface Finding {
  /** The last commit that is there. */
  readonly found?: number
  /** What is wrong. */
  readonly failure?: string
  /** Files of the database whose names were there before it was opened. */
  readonly names?: readonly string[]
}

export interface Reply {
  readonly findings?: readonly Finding[]
  readonly failure?: string
}

declare const self: DedicatedWorkerGlobalScope

type Items = Database<typeof schema>

/** The files of a database, in the order in which states hold them. */
const FILES = ['volume', 'log.a', 'log.b'] as const
const MARK = 'EntiMark'
/** Longer than what is relaxed is left without a sync, so that the sync happens. */
const REST_MS = 260

self.onmessage = async ({ data }: MessageEvent<Request>) => {
  const reply = await carryOut(data).catch((error: unknown): Reply => ({ failure: explain(error) }))
  self.postMessage(reply)
}

async function carryOut(request: Request): Promise<Reply> {
  const { name, plan } = request
  switch (request.do) {
    case 'work':
      await work(name, plan, request)
      return {}
    case 'check':
      return { findings: [await checkHere(name, plan, request)] }
    case 'checkAll': {
      const findings: Finding[] = []
      for (const state of request.states) {
        await place(name, state.url)
        findings.push(await finding(name, plan, state, openHere as never))
      }
      return { findings }
    }
  }
}

/** Carries out a part of a plan, and marks in the trace what was acknowledged. */
async function work(name: string, { seed, steps }: Plan, { client, from, to }: Work) {
  const root = await navigator.storage.getDirectory()
  const marks = await root.getFileHandle('marks', { create: true })
  const handle = await marks.createSyncAccessHandle()
  /** A system call of its own, which is done before anything else happens here. */
  const mark = (floor: number) => {
    handle.write(new TextEncoder().encode(`${MARK}${String(floor).padStart(8, '0')}`), { at: 0 })
  }
  const opener = client === 'worker' ? open : (openHere as never as typeof open)
  const start = () => opener(name, { collections: schema })
  let db = await start()
  let last = 0
  for (const step of planOf(seed, steps).slice(from, to)) {
    switch (step.do) {
      case 'commit':
        await commitAll(db, step, mark)
        last = step.commits.at(-1)?.n ?? last
        break
      case 'checkpoint':
        await db.checkpoint()
        mark(last)
        break
      case 'compact':
        await db.compact()
        break
      case 'rest':
        await new Promise((resolve) => setTimeout(resolve, REST_MS))
        break
      case 'reopen':
        await db.close()
        mark(last)
        db = await start()
    }
  }
  await db.close()
  mark(last)
  handle.close()
}

async function commitAll(
  db: Items,
  { commits }: Extract<Step, { do: 'commit' }>,
  mark: (floor: number) => void,
): Promise<void> {
  await Promise.all(
    commits.map(async (commit) => {
      await carry(db, commit)
      if (commit.strict) mark(commit.n)
    }),
  )
}

/** Makes a commit with the call that it looks like. */
async function carry(db: Items, { n, changes, strict }: Commit): Promise<void> {
  const options = { durability: strict ? 'strict' : 'relaxed' } as const
  const puts = changes.filter(({ chars }) => chars !== undefined).map((one) => itemOf(n, one))
  const deletes = changes.filter(({ chars }) => chars === undefined).map(({ id }) => id)
  if (deletes.length === 0) {
    const [only] = puts
    await (puts.length === 1 && only ? db.items.put(only, options) : db.items.put(puts, options))
    return
  }
  // In the thread of the engine its function is synchronous, and elsewhere it must wait for calls.
  await db.transaction((tx) => {
    const calls = [...puts.map((item) => tx.items.put(item)), tx.items.delete(deletes)]
    return calls.some((call) => call instanceof Promise) ? Promise.all(calls) : undefined
  }, options)
}

const histories = new Map<string, History>()

function historyOf({ seed, steps }: Plan): History {
  const key = `${seed}.${steps}`
  const history = histories.get(key) ?? new History(seed, steps)
  histories.set(key, history)
  return history
}

/** Puts the bytes of a state where a database of this name lies. */
async function place(name: string, url: string): Promise<void> {
  const response = await fetch(url)
  if (!response.ok) throw new Error(`${url}: ${response.status}`)
  const bytes = new Uint8Array(await response.arrayBuffer())
  const lengths = new DataView(bytes.buffer)
  const root = await navigator.storage.getDirectory()
  const all = await root.getDirectoryHandle('entidb', { create: true })
  const directory = await all.getDirectoryHandle(name, { create: true })
  let from = 4 * FILES.length
  for (const [at, file] of FILES.entries()) {
    const handle = await (
      await directory.getFileHandle(file, { create: true })
    ).createSyncAccessHandle()
    const to = from + lengths.getUint32(4 * at, true)
    handle.truncate(0)
    handle.write(bytes.subarray(from, to), { at: 0 })
    handle.close()
    from = to
  }
}

/** Checks the database as the browser finds it in its profile. */
async function checkHere(name: string, plan: Plan, expected: Expected): Promise<Finding> {
  const names = await namesOf(name)
  return { ...(await finding(name, plan, expected, open)), names }
}

async function namesOf(name: string): Promise<string[]> {
  const names: string[] = []
  try {
    const root = await navigator.storage.getDirectory()
    const directory = await (await root.getDirectoryHandle('entidb')).getDirectoryHandle(name)
    for await (const key of directory.keys()) names.push(key)
  } catch {
    // The directory has lost its name as well.
  }
  return names.sort()
}

async function finding(
  name: string,
  plan: Plan,
  { floor }: Expected,
  opener: typeof open,
): Promise<Finding> {
  const opened: Items[] = []
  const start = async () => {
    const db = await opener(name, { collections: schema })
    opened.push(db)
    return db
  }
  try {
    const db = await start()
    const history = historyOf(plan)
    const state = await stateOf(db)
    const found = history.find(state)
    ok(found !== undefined, `it is in no state that it ever had, with ${state.size} documents`)
    ok(found >= floor, `commit ${floor} was acknowledged, and the last one there is ${found}`)
    await goOn(db, state, start)
    return { found }
  } catch (error) {
    return { failure: isEntidbError(error) ? `${error.kind}: ${error.message}` : explain(error) }
  } finally {
    for (const db of opened) await Promise.resolve(db.close()).catch(() => {})
  }
}

const items = new Map<string, string>()

/** The document as text, remembered, as many states hold the same ones. */
function spell(n: number, id: string, chars: number): string {
  const key = `${n} ${id} ${chars}`
  const known = items.get(key)
  if (known !== undefined) return known
  const text = spellItem(itemOf(n, { id, chars }))
  items.set(key, text)
  return text
}

const spellItem = ({ id, n, rank, tags, slug, parity, text }: Item) =>
  JSON.stringify([id, n, rank, tags, slug, parity, text])

/** Reads everything, by every index too, and fails where two ways give different answers. */
async function stateOf(db: Items): Promise<State> {
  const state: State = new Map()
  const found = await db.items.scan().toArray()
  for (const item of found) {
    const { id, n, text } = item
    state.set(id, { n, chars: text.length })
    if (spellItem(item) !== spell(n, id, text.length)) throw new Error(`${id} is not as written`)
  }
  equal(await db.items.count(), found.length, 'the count')
  const by = (order: (a: Item, b: Item) => number) =>
    [...found].sort((a, b) => order(a, b) || (a.id < b.id ? -1 : 1)).map(({ id }) => id)
  const same = (ids: readonly string[], expected: readonly string[], what: string) => {
    if (ids.join() !== expected.join()) throw new Error(`${what} differs from a scan`)
  }
  const ranked = await db.items.range('rank').ids()
  same(
    ranked as string[],
    by((a, b) => a.rank - b.rank || a.n - b.n),
    'the index of ranks',
  )
  const slugs = await db.items.range('slug').ids()
  same(
    slugs as string[],
    by((a, b) => (a.slug < b.slug ? -1 : 1)),
    'the index of slugs',
  )
  for (const parity of [true, false]) {
    const ids = await db.items.findBy('parity', parity).ids()
    const expected = found.filter((item) => item.parity === parity).map(({ id }) => id)
    same([...ids].sort() as string[], expected.sort(), 'the index of parities')
  }
  const tag = 't3'
  const tagged = await db.items.findBy('tags', tag).ids()
  const expected = found.filter(({ tags }) => tags.includes(tag)).map(({ id }) => id)
  same([...tagged].sort() as string[], expected.sort(), 'the index of tags')
  return state
}

/** Writes more, and looks after opening it again whether that is there. */
async function goOn(db: Items, state: State, start: () => Promise<Items>): Promise<void> {
  const n = 1_000_000
  const [first = 'i0'] = state.keys()
  const more: Commit[] = [
    { n, changes: [{ id: 'i1', chars: 10 }], strict: true },
    { n: n + 1, changes: [{ id: first }, { id: 'i2', chars: 900 }], strict: true },
    { n: n + 2, changes: [{ id: 'i3', chars: 90 }], strict: false },
  ]
  for (const commit of more) {
    await carry(db, commit)
    apply(state, commit)
  }
  await db.close()
  const again = await start()
  const found = await stateOf(again)
  const spelled = (of: State) => JSON.stringify([...of].sort())
  equal(spelled(found), spelled(state), 'the state after more commits')
  await again.close()
}
