/** Opening, listing and removing databases, whichever storage they are in. */

import { Engine, list, remove } from '../build/wasm/entidb.js'
import { chooseBackend, hasOpfs } from './backend.js'
import type { OpenEngine } from './patience.js'
import type { HostOptions } from './protocol.js'
import { fault, kindOf } from './wire.js'

/** What the names of databases in IndexedDB begin with. */
const PREFIX = 'entidb/'

/** The databases of this origin; `script` is the address of indexeddb.js. */
export class Databases {
  readonly #script: string

  constructor(script: string) {
    this.#script = script
  }

  /** Opens a database in the storage that was chosen. */
  async open({ storage, ...options }: HostOptions): Promise<OpenEngine> {
    if (storage === 'indexeddb') return this.#openChunked(options)
    try {
      const backend = chooseBackend(storage)
      const open = (more?: object) => Engine.open({ ...options, storage: backend, ...more })
      if (storage !== 'auto') return { engine: await open(), backend }
      try {
        return { engine: await open({ createIfMissing: false }), backend }
      } catch (error) {
        if (kindOf(error) !== 'NotFound') throw error
        // One that was made while there was no OPFS stays where it is.
        if (await isChunked(options.name)) return this.#openChunked(options, 'it was made there')
        return { engine: await open(), backend }
      }
    } catch (error) {
      if (storage !== 'auto' || kindOf(error) !== 'Unsupported') throw error
      return this.#openChunked(options, (error as Error).message)
    }
  }

  /** The names of all databases. */
  async list(): Promise<string[]> {
    return [...new Set([...(await inOpfs(list, [])), ...(await listChunked())])]
  }

  /** Removes a database wherever it is; whether it was anywhere. */
  async remove(name: string): Promise<boolean> {
    const hadFiles = await inOpfs(() => remove(name), false)
    if (!(await isChunked(name))) return hadFiles
    await (await this.#load()).removeChunked(PREFIX + name)
    return true
  }

  async #openChunked(options: Omit<HostOptions, 'storage'>, why?: string): Promise<OpenEngine> {
    const { openChunked } = await this.#load()
    return openChunked(Engine, PREFIX + options.name, options, why)
  }

  async #load(): Promise<typeof import('./indexeddb.js')> {
    const script = this.#script
    try {
      // Bundlers leave this alone: the page has had them put the script where the address says.
      return await import(/* webpackIgnore: true */ /* @vite-ignore */ script)
    } catch (error) {
      throw fault('Io', `${(error as Error).message}; serve indexeddb.js beside worker.js`)
    }
  }
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

async function listChunked(): Promise<string[]> {
  if (typeof indexedDB === 'undefined') return []
  const all = await indexedDB.databases()
  return all.flatMap(({ name = '' }) =>
    name.startsWith(PREFIX) ? [name.slice(PREFIX.length)] : [],
  )
}

const isChunked = async (name: string) => (await listChunked()).includes(name)
