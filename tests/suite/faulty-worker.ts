// The worker of the package in a browser that lacks something, and that tells what is asked of it.
import 'entidb/worker'

/** What the browser lacks. */
export type Lack = 'none' | 'opfs' | 'locks'

/** What it is told: to say what it has done, or which exception writes fail with from now on. */
export type Command = 'tell' | { readonly fail: string | undefined }

/** What a worker has asked of the browser so far. */
export interface Told {
  /** The transactions of IndexedDB: mode and durability of each. */
  readonly transactions: string[]
  /** Bytes of the memory of the engine. */
  readonly memory: number
}

const lack = new URLSearchParams(location.search).get('lacks') as Lack
if (lack === 'opfs') {
  StorageManager.prototype.getDirectory = () =>
    Promise.reject(new DOMException('not in this window', 'SecurityError'))
}
if (lack === 'locks') {
  // Those of databases only: the page has locks, and waits for the one of its worker.
  const request = LockManager.prototype.request
  LockManager.prototype.request = function (this: LockManager, name: string, ...args: never[]) {
    const granted = args.at(-1) as unknown as () => unknown
    return name.startsWith('entidb/') ? granted() : Reflect.apply(request, this, [name, ...args])
  } as LockManager['request']
}

const transactions: string[] = []
const begin = IDBDatabase.prototype.transaction
IDBDatabase.prototype.transaction = function (...args) {
  const transaction = begin.apply(this, args)
  transactions.push(`${transaction.mode} ${transaction.durability}`)
  return transaction
}

let memory: WebAssembly.Memory | undefined
const Real = WebAssembly.Instance
WebAssembly.Instance = new Proxy(Real, {
  construct(target, args) {
    const instance = Reflect.construct(target, args) as WebAssembly.Instance
    memory = instance.exports.memory as WebAssembly.Memory
    return instance
  },
})

// A transaction that is to fail does so after it has been asked to store something.
let failing: string | undefined
const { put } = IDBObjectStore.prototype
IDBObjectStore.prototype.put = function (...args) {
  const request = put.apply(this, args)
  const name = failing
  if (name !== undefined) {
    const error = new DOMException('for this test', name)
    Object.defineProperty(this.transaction, 'error', { value: error, configurable: true })
    request.onsuccess = () => request.transaction?.abort()
  }
  return request
}

const channel = new BroadcastChannel('faulty-worker')
channel.onmessage = ({ data }: MessageEvent<Command>) => {
  if (typeof data === 'object') failing = data.fail
  const told: Told = { transactions, memory: memory?.buffer.byteLength ?? 0 }
  channel.postMessage(told)
}
