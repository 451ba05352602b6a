// Runs inside the page: starts one worker for each participant and passes requests on.
import type { Participant, Replies, Request } from './protocol.js'

const workers = new Map<Participant, Worker>()

/** Asks a participant's worker and waits for its answer. One request at a time. */
export function ask<R extends Request>(input: {
  participant: Participant
  request: R
}): Promise<Replies[R['call']]> {
  const worker = workerOf(input.participant)
  return new Promise((resolve, reject) => {
    worker.onmessage = ({ data }) => {
      if ('error' in data) reject(new Error(`${input.participant}: ${data.error}`))
      else resolve(data.value)
    }
    worker.onerror = ({ message }) => reject(new Error(`${input.participant}: ${message}`))
    worker.postMessage(input.request)
  })
}

function workerOf(participant: Participant): Worker {
  const running = workers.get(participant)
  if (running !== undefined) return running
  const url = new URL('./worker.js', import.meta.url)
  const worker = new Worker(url, { type: 'module', name: participant })
  workers.set(participant, worker)
  return worker
}
