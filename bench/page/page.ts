// Runs inside the page of one participant, which is loaded anew for each round: starts its driver,
// and passes requests on.
import type { About } from '../peers/peer.js'
import type { Driver } from './driver.js'
import type { Mode, Participant, Replies, Request, Started } from './protocol.js'
import { clearStorage } from './storage.js'

type Send = (request: Request) => Promise<unknown>

let send: Send | undefined

/**
 * Starts a participant where nothing is stored, once in the life of a page; the time runs from
 * where nothing of it is loaded to its first write.
 */
export async function start(participant: Participant, mode: Mode): Promise<Started> {
  await clearStorage()
  const before = performance.now()
  send = mode === 'main' ? await inPage() : inWorker()
  const about = (await send({ call: 'start', participant, mode })) as About | undefined
  return { about, milliseconds: performance.now() - before }
}

/** Asks the participant that was started, and waits for its answer. One request at a time. */
export async function ask<R extends Request>(request: R): Promise<Replies[R['call']]> {
  if (send === undefined) throw new Error('nothing was started')
  return (await send(request)) as Replies[R['call']]
}

function inWorker(): Send {
  const worker = new Worker(new URL('./worker.js', import.meta.url), { type: 'module' })
  return (request) =>
    new Promise((resolve, reject) => {
      worker.onmessage = ({ data }) => {
        if ('error' in data) reject(new Error(data.error))
        else resolve(data.value)
      }
      worker.onerror = ({ message }) => reject(new Error(message))
      worker.postMessage(request)
    })
}

async function inPage(): Promise<Send> {
  const module: { Driver: typeof Driver } = await import('./driver.js')
  const driver = new module.Driver()
  return (request) => driver.answer(request)
}
