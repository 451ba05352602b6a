// Runs one behaviour on `entidb/sync`, in the worker that it is made for.
import { open } from 'entidb/sync'
import { type Choice, suites } from './suites.js'
import { runOn } from './support/bench.js'

declare const self: DedicatedWorkerGlobalScope

self.onmessage = async ({ data }: MessageEvent<{ choice: Choice; name: string }>) => {
  const { suite, behaviour, storage } = data.choice
  try {
    const found = suites[suite]?.[behaviour]
    if (found === undefined) throw new Error(`there is no '${behaviour}' in ${suite}`)
    // Awaiting what is there already changes nothing, so both kinds pass through one suite.
    await runOn(open as never, { storage, direct: true }, found, data.name)
    self.postMessage('')
  } catch (error) {
    self.postMessage(error instanceof Error ? `${error.stack} ${error.cause ?? ''}` : `${error}`)
  }
}
