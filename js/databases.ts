/** Opening, listing and removing databases, whichever storage they are in. */

import { Engine, list, remove } from '../build/wasm/entidb.js'
import { chooseBackend, hasOpfs } from './backend.js'
import { ChunkStore, listChunked, removeChunked } from './chunks.js'
import type { WireError } from './errors.js'
import { type Backing, isMissing } from './patience.js'
import type { HostOptions } from './protocol.js'
import type { StorageBackend } from './types/open.js'
import { fault, kindOf } from './wire.js'

/** An engine with what it is over. */
export interface OpenEngine {
  readonly engine: Engine
  readonly backend: StorageBackend
  readonly backing?: Backing
  /** What whoever opened it should know. */
  readonly warning?: WireError
}

type Options = Omit<HostOptions, 'storage'>

/** Opens a database in the storage that was chosen. */
export async function openEngine({ storage, ...options }: HostOptions): Promise<OpenEngine> {
  if (storage === 'auto') return openAnywhere(options)
  const backend = chooseBackend(storage)
  if (backend === 'indexeddb') return openChunked(options)
  return { engine: await Engine.open({ ...options, storage: backend }), backend }
}

/** The names of all databases of this origin. */
export async function listAll(): Promise<string[]> {
  const [files, chunked] = await Promise.all([inOpfs(list, []), listChunked()])
  return [...new Set([...files, ...chunked])]
}

/** Removes a database wherever it is; whether it was anywhere. */
export async function removeAnywhere(name: string): Promise<boolean> {
  const hadFiles = await inOpfs(() => remove(name), false)
  return (await removeChunked(name)) || hadFiles
}

async function inOpfs<T>(call: () => Promise<T>, otherwise: T): Promise<T> {
  if (!hasOpfs()) return otherwise
  try {
    return await call()
  } catch (error) {
    if (kindOf(error) === 'Unsupported') return otherwise
    throw error
  }
}

/** OPFS where there is one; a database that was made while there was none stays where it is. */
async function openAnywhere(options: Options): Promise<OpenEngine> {
  try {
    const backend = chooseBackend('opfs')
    const opfs = { ...options, storage: backend }
    try {
      return { engine: await Engine.open({ ...opfs, createIfMissing: false }), backend }
    } catch (error) {
      if (kindOf(error) !== 'NotFound') throw error
      const { name, createIfMissing } = options
      if ((await listChunked()).includes(name)) return warned(options, 'it was made there')
      if (!createIfMissing) throw error
    }
    return { engine: await Engine.open(opfs), backend }
  } catch (error) {
    if (kindOf(error) !== 'Unsupported') throw error
    return warned(options, (error as WireError).message)
  }
}

async function warned(options: Options, why: string): Promise<OpenEngine> {
  const message = `the database is kept in IndexedDB, which is slower than OPFS: ${why}`
  return { ...(await openChunked(options)), warning: fault('Unsupported', message) }
}

async function openChunked(options: Options): Promise<OpenEngine> {
  const { name, createIfMissing, readOnly } = options
  const backing = await ChunkStore.open(name, createIfMissing && !readOnly)
  const { isBlank } = backing
  try {
    const backend = 'indexeddb'
    const engine = backing.engine({ ...options, storage: backend })
    while (!hasStarted(engine)) await backing.serve(engine)
    await backing.serve(engine)
    return { engine, backend, backing }
  } catch (error) {
    backing.close()
    // What was made a moment ago must not be listed.
    if (isBlank) await removeChunked(name).catch(() => {})
    throw error
  }
}

function hasStarted(engine: Engine): boolean {
  try {
    engine.start()
    return true
  } catch (error) {
    if (isMissing(error)) return false
    throw error
  }
}
