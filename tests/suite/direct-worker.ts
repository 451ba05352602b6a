// Runs one behaviour on `entidb/sync`, in the worker that it is made for.
import { open } from 'entidb/sync'
import { behaviourOf, type Choice } from './suites.js'
import { explain } from './support/assert.js'
import { runOn } from './support/bench.js'

declare const self: DedicatedWorkerGlobalScope

self.onmessage = async ({ data }: MessageEvent<{ choice: Choice; name: string }>) => {
  const { storage } = data.choice
  try {
    const behaviour = behaviourOf(data.choice)
    // Awaiting what is there already changes nothing, so both kinds pass through one suite.
    await runOn(open as never, { storage, direct: true }, behaviour, data.name)
    self.postMessage('')
  } catch (error) {
    self.postMessage(explain(error))
  }
}
