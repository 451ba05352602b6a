import type { Reply, Request } from './platform-worker.js'

/** Has a worker of its own carry out one request; the worker goes on holding what it opened. */
export function inWorker(request: Request): Promise<Reply> {
  const worker = new Worker(new URL('./platform-worker.js', import.meta.url), { type: 'module' })
  return new Promise((resolve, reject) => {
    worker.onmessage = ({ data }) => resolve(data)
    worker.onerror = ({ message }) => reject(new Error(message))
    worker.postMessage(request)
  })
}
