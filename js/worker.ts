/** The worker that hosts one database; see protocol.ts for what is said to it. */

import { type Engine, initSync, setPanicListener } from '../build/wasm/entidb.js'
import { Databases } from './databases.js'
import { Host } from './host.js'
import type { OpenEngine } from './patience.js'
import { type First, type FromHost, type Hosted, PROTOCOL, type ToHost } from './protocol.js'
import { fault, lost, toWire } from './wire.js'

declare const self: DedicatedWorkerGlobalScope

let engine: Engine | undefined
let host: Host | undefined
let panic: string | undefined

self.onmessage = ({ data }: MessageEvent<ToHost>) => {
  switch (data.type) {
    case 'calls':
      return host?.receive(data.calls)
    case 'cancel':
      return host?.cancel(data.number)
    default:
      post({ type: 'started' }, [])
      begin(data).then(
        (value) => post({ type: 'ready', value }, []),
        (error) => post({ type: 'failed', error: toWire(error) ?? lost(error, panic) }, []),
      )
  }
}

function post(message: FromHost, transfer: ArrayBuffer[]): void {
  self.postMessage(message, transfer)
}

/** Carries out the first message. */
async function begin(first: First): Promise<unknown> {
  if (first.protocol !== PROTOCOL) {
    const message = 'the page and its worker are of different versions; serve one, and reload'
    throw fault('VersionMismatch', message)
  }
  initSync({ module: first.module })
  await live(first.life)
  setPanicListener((message: string) => {
    panic = message
  })
  const databases = new Databases(first.indexedDb)
  switch (first.type) {
    case 'list':
      return databases.list()
    case 'remove':
      return databases.remove(first.name)
    case 'open':
      return hostOf(await databases.open(first.options))
  }
}

function hostOf(open: OpenEngine): Hosted {
  engine = open.engine
  host = new Host(engine, open.backing, post, die)
  return {
    backend: open.backend,
    created: engine.created(),
    schemaVersion: engine.schemaVersion(),
    volume: engine.volume,
    ...(open.warning && { warning: open.warning }),
  }
}

/** Takes the lock that tells the page, once it is free again, that this worker is no more. */
async function live(name: string): Promise<void> {
  // Pages that are not secure have none.
  if (navigator.locks === undefined) return
  await new Promise<void>((resolve) => {
    navigator.locks.request(name, () => {
      resolve()
      return new Promise(() => {})
    })
  })
}

/** The engine has stopped: the page must hear of it, and the files must be given back. */
function die(error: unknown): void {
  host = undefined
  let why = error
  try {
    engine?.sequence()
  } catch (said) {
    // After a trap it knows more than the trap told, such as that memory ran out.
    why = said
  }
  post({ type: 'lost', error: lost(why, panic) }, [])
  self.close()
}
