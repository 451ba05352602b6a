import type { Reply, Request } from './power-worker.js'

/** Has a worker of its own carry out one request, and ends it. */
export async function inWorker(request: Request): Promise<Reply> {
  const worker = new Worker(new URL('./power-worker.js', import.meta.url), { type: 'module' })
  try {
    return await new Promise((resolve, reject) => {
      worker.onmessage = ({ data }) => resolve(data)
      worker.onerror = ({ message }) => reject(new Error(message))
      worker.postMessage(request)
    })
  } finally {
    worker.terminate()
  }
}
