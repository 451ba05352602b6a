import { EntidbError } from './errors.js'
import { aborted } from './options.js'
import { type First, type FromHost, PROTOCOL } from './protocol.js'
import { fromWire } from './thrown.js'
import { generateId } from './uuid.js'
import { compile } from './wasm.js'

/** Milliseconds for a worker to load its script and say that it has started. */
const START_MS = 30_000

type Without<F, K extends PropertyKey> = F extends unknown ? Omit<F, K> : never

/** What a worker is to do first. */
export type Task = Without<First, 'module' | 'indexedDb' | 'protocol' | 'life'>

/** A worker that has done its first task. */
export interface Started {
  readonly worker: Worker
  /** The lock that it holds as long as it lives. */
  readonly life: string
  /** What the task answered. */
  readonly value: unknown
}

/**
 * Starts a worker, which loads its script while the engine is compiled here, and has it do its
 * first task. Where that fails or is given up the worker is ended.
 */
export async function start(task: Task, signal?: AbortSignal): Promise<Started> {
  if (typeof Worker !== 'function') {
    throw new EntidbError('Unsupported', 'there are no workers here; open it in a browser')
  }
  // Bundlers look for these very words, and for options that do not depend on anything.
  const worker = new Worker(new URL('./worker.js', import.meta.url), {
    type: 'module',
    name: 'entidb',
  })
  const indexedDb = new URL('./indexeddb.js', import.meta.url).href
  const life = `entidb-${generateId()}`
  let timer: ReturnType<typeof setTimeout> | undefined
  let abort = () => {}
  try {
    const value = await new Promise<unknown>((resolve, reject) => {
      worker.onmessage = ({ data }: MessageEvent<FromHost>) => {
        if (data.type === 'started') clearTimeout(timer)
        else if (data.type === 'ready') resolve(data.value)
        else if ('error' in data) reject(fromWire(data.error))
      }
      worker.onmessageerror = () => reject(unusable('its first message cannot be read'))
      worker.onerror = (event) => {
        event.preventDefault()
        reject(unusable(event.message ?? 'its script was not found'))
      }
      abort = () => signal && reject(aborted(signal))
      signal?.addEventListener('abort', abort)
      compile().then((module) => {
        worker.postMessage({ ...task, module, indexedDb, life, protocol: PROTOCOL } satisfies First)
        timer = setTimeout(() => reject(silent()), START_MS)
      }, reject)
    })
    return { worker, life, value }
  } catch (error) {
    worker.terminate()
    throw error
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', abort)
  }
}

function unusable(why: string): EntidbError {
  const message = `the worker could not be started: ${why}`
  return new EntidbError('HostLost', `${message}; serve worker.js beside its script`)
}

function silent(): EntidbError {
  const message = `the worker said nothing for ${START_MS / 1000} seconds`
  return new EntidbError('Timeout', `${message}; check the connection and call again`)
}
