// Asks much of `entidb/sync` and counts what that asks of OPFS and of memory.
import { open, type SyncDatabase } from 'entidb/sync'
import { generator, idOf, people, person, schema } from './support/people.js'

export type Request =
  | { do: 'open'; name: string; durability: 'strict' | 'relaxed' }
  | { do: 'load'; from: number; to: number; batch: number }
  | { do: 'put'; from: number; to: number }
  | { do: 'get'; from: number; to: number; times: number }
  | { do: 'checkpoint' | 'compact' | 'rest' | 'close' | 'state' }

/** What a request took. */
export interface Reply {
  ms: number
  /** Calls of access handles, and the bytes that they moved. */
  reads: number
  writes: number
  flushes: number
  bytesRead: number
  bytesWritten: number
  /** Bytes of the engine's memory, which never shrinks: the most that it ever had. */
  memory: number
  /** Bytes of the log epoch that is written to. */
  logBytes: number
  /** Bytes of all segments. */
  storedBytes: number
  documents: number
  failure?: string
}

declare const self: DedicatedWorkerGlobalScope

const counts = { reads: 0, writes: 0, flushes: 0, bytesRead: 0, bytesWritten: 0 }
let memory: WebAssembly.Memory | undefined
let db: SyncDatabase<typeof schema> | undefined

countCalls()
watchMemory()

self.onmessage = async ({ data }: MessageEvent<Request>) => {
  const before = { ...counts }
  const start = performance.now()
  let failure: string | undefined
  try {
    await carryOut(data)
  } catch (error) {
    failure = error instanceof Error ? `${error.stack}` : String(error)
  }
  const ms = performance.now() - start
  const after = { ...counts }
  self.postMessage({ ...difference(before, after), ms, ...state(), ...(failure && { failure }) })
}

function opened(): SyncDatabase<typeof schema> {
  if (db === undefined) throw new Error('open it first')
  return db
}

async function carryOut(request: Request): Promise<void> {
  switch (request.do) {
    case 'open': {
      const { name, durability } = request
      db = await open(name, { storage: 'opfs', durability, collections: schema })
      return
    }
    case 'load':
      return load(request.from, request.to, request.batch)
    case 'put':
      for (let n = request.from; n < request.to; n++) opened().people.put(person(n))
      return
    case 'get':
      return get(request.from, request.to, request.times)
    case 'checkpoint':
      return opened().checkpoint()
    case 'compact':
      opened().compact()
      return
    case 'rest':
      return rest()
    case 'close':
      opened().close()
      db = undefined
  }
}

/** Leaves room between commits for the work that is done meanwhile, as an application does. */
async function load(from: number, to: number, batch: number): Promise<void> {
  for (let n = from; n < to; n += batch) {
    opened().people.put(people(n, Math.min(n + batch, to)))
    await turn()
  }
}

/** Gets documents at random; all are there, or none. */
function get(from: number, to: number, times: number): void {
  const random = generator(times)
  let found = 0
  for (let i = 0; i < times; i++) {
    if (opened().people.get(idOf(from + Math.floor(random() * (to - from))))) found++
  }
  if (found !== 0 && found !== times) throw new Error(`${found} of ${times} were found`)
}

/** Returns once the engine writes nothing more by itself. */
async function rest(): Promise<void> {
  for (let still = 0, last = counts.writes; still < 20; still++) {
    await new Promise((resolve) => setTimeout(resolve, 50))
    if (counts.writes !== last) still = 0
    last = counts.writes
  }
}

const channel = new MessageChannel()

/** Lets messages that were sent before come in. */
function turn(): Promise<void> {
  return new Promise((resolve) => {
    channel.port1.onmessage = () => resolve()
    channel.port2.postMessage(undefined)
  })
}

function state() {
  const stats = db?.stats()
  return {
    memory: memory?.buffer.byteLength ?? 0,
    logBytes: stats?.logBytes ?? 0,
    storedBytes: stats?.levels.reduce((sum, { bytes }) => sum + bytes, 0) ?? 0,
    documents: db?.people.count() ?? 0,
  }
}

function difference(before: typeof counts, after: typeof counts): typeof counts {
  const each = Object.entries(after).map(([name, count]) => {
    return [name, count - before[name as keyof typeof counts]]
  })
  return Object.fromEntries(each)
}

/** Counts every call of an access handle where the platform takes it. */
function countCalls(): void {
  const handle = FileSystemSyncAccessHandle.prototype
  const { read, write, flush } = handle
  handle.read = function (...args) {
    counts.reads++
    const bytes = read.apply(this, args)
    counts.bytesRead += bytes
    return bytes
  }
  handle.write = function (...args) {
    counts.writes++
    const bytes = write.apply(this, args)
    counts.bytesWritten += bytes
    return bytes
  }
  handle.flush = function () {
    counts.flushes++
    flush.call(this)
  }
}

/** The package keeps the engine's memory to itself, so it is taken where the engine is started. */
function watchMemory(): void {
  WebAssembly.Instance = new Proxy(WebAssembly.Instance, {
    construct(target, args, newTarget) {
      const instance = Reflect.construct(target, args, newTarget) as WebAssembly.Instance
      memory = instance.exports.memory as WebAssembly.Memory
      return instance
    },
  })
}
