import { Engine, initSync } from '../../build/wasm/entidb.js'
import { chooseBackend } from '../backend.js'
import { EntidbError } from '../errors.js'
import { Handles } from '../handles.js'
import { checkSignal } from '../options.js'
import type { Opened } from '../protocol.js'
import { runSync } from '../routine.js'
import { type OpenSettings, settingsOf, setUp } from '../settings.js'
import { fromThrown } from '../thrown.js'
import type { NoSchema, Schema } from '../types/declare.js'
import type { OpenOptions } from '../types/open.js'
import type { SyncDatabase } from '../types/sync.js'
import { compile } from '../wasm.js'
import { DirectDatabase } from './database.js'
import { DirectPort } from './port.js'

/** The memory of the engine, which all databases of this thread share. */
let memory: Promise<WebAssembly.Memory> | undefined

/**
 * Opens a database in this very thread, which has to be a dedicated worker where it is to last.
 * Opening is asynchronous; everything else then returns when it is done.
 *
 * @example
 * const db = await open('tasks', { collections: { tasks: collection<Task>() } })
 * db.tasks.put({ title: 'Write' })
 */
export async function open<S extends Schema = NoSchema>(
  name: string,
  options: OpenOptions<S> = {},
): Promise<SyncDatabase<S>> {
  const settings = settingsOf(name, options)
  const backend = chooseBackend(settings.host.storage)
  checkThread(backend)
  memory ??= load()
  const shared = await memory
  const engine = await openEngine(settings, backend)
  const port = new DirectPort(engine)
  try {
    checkSignal(settings.watch.signal)
    const handles = new Handles(Object.keys(settings.schema))
    const opened = { backend, created: engine.created(), schemaVersion: engine.schemaVersion() }
    runSync(setUp(port, handles, settings, opened))
    const db = new DirectDatabase(port, handles, settings, opened, engine, shared)
    return db as unknown as SyncDatabase<S>
  } catch (error) {
    port.tell({ call: 'close' })
    throw fromThrown(error)
  }
}

async function load(): Promise<WebAssembly.Memory> {
  try {
    return initSync({ module: await compile() }).memory
  } catch (error) {
    // The next call may find what this one did not.
    memory = undefined
    throw error
  }
}

function checkThread(backend: Opened['backend']): void {
  if (backend === 'indexeddb') {
    const message = 'entidb/sync cannot wait, and IndexedDB answers later'
    throw new EntidbError('Unsupported', `${message}; import 'entidb' for it`)
  }
  if (backend === 'memory' || !('document' in globalThis)) return
  const message = 'entidb/sync keeps databases in OPFS from dedicated workers alone'
  throw new EntidbError('Unsupported', `${message}; import 'entidb' on pages`)
}

async function openEngine({ host }: OpenSettings, storage: Opened['backend']): Promise<Engine> {
  try {
    return await Engine.open({ ...host, storage })
  } catch (error) {
    throw fromThrown(error)
  }
}
