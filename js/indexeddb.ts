/**
 * Databases in IndexedDB. The worker loads this script where one is opened or removed, and hands
 * over the class of its engine: a script that stands alone can be copied by any bundler.
 */

import type { Engine } from '../build/wasm/entidb.js'
import { ChunkStore, removeChunked } from './chunks.js'
import type { OpenEngine } from './patience.js'
import type { HostOptions } from './protocol.js'
import { fault } from './wire.js'

export { removeChunked }

/** Opens the database that IndexedDB has as `stored`; a warning says `why` it is not elsewhere. */
export async function openChunked(
  engines: typeof Engine,
  stored: string,
  options: Omit<HostOptions, 'storage'>,
  why?: string,
): Promise<OpenEngine> {
  const backing = await ChunkStore.open(stored, options.createIfMissing && !options.readOnly)
  try {
    const backend = 'indexeddb'
    const engine = await backing.start(engines, { ...options, storage: backend })
    return { engine, backend, backing, ...(why && { warning: slower(why) }) }
  } catch (error) {
    backing.close()
    // What was made a moment ago must not be listed.
    if (backing.wasBlank) await removeChunked(stored).catch(() => {})
    throw error
  }
}

function slower(why: string) {
  return fault('Unsupported', `the database is kept in IndexedDB, slower than OPFS: ${why}`)
}
