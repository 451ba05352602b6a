import type { Reply, Request } from './scale-worker.js'

let worker: Worker | undefined

/** Has the page's one worker carry out a request; the database stays open in between. */
export function ask(request: Request): Promise<Reply> {
  worker ??= new Worker(new URL('./scale-worker.js', import.meta.url), { type: 'module' })
  const asked = worker
  return new Promise((resolve, reject) => {
    asked.onmessage = ({ data }: MessageEvent<Reply>) => {
      if (data.failure === undefined) resolve(data)
      else reject(new Error(data.failure))
    }
    asked.onerror = ({ message }) => reject(new Error(message))
    asked.postMessage(request)
  })
}
