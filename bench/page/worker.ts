// The worker of one participant.
import { Driver } from './driver.js'
import type { Request } from './protocol.js'

declare const self: DedicatedWorkerGlobalScope

const driver = new Driver()

self.onmessage = async ({ data }: MessageEvent<Request>) => {
  const reply = await driver.answer(data).then(
    (value) => ({ value }),
    (error) => ({ error: messageOf(error) }),
  )
  self.postMessage(reply)
}

/** Some say what went wrong only in their cause. */
function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const cause = error.cause === undefined ? '' : ` (${messageOf(error.cause)})`
  return `${error.stack ?? error.message}${cause}`
}
