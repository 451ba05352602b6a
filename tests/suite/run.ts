import { open, remove } from 'entidb'
import { behaviourOf, type Choice } from './suites.js'
import { explain } from './support/assert.js'
import { runOn } from './support/bench.js'

/** Runs one behaviour inside the page. */
export async function run(choice: Choice): Promise<void> {
  const { suite, behaviour, storage, client } = choice
  const name = `${suite}: ${behaviour}`.slice(0, 60)
  try {
    if (client === 'direct') return await runDirect(choice, name)
    await runOn(open, { storage, direct: false }, behaviourOf(choice), name)
  } catch (error) {
    const failure = new Error(explain(error))
    // The place of this line says nothing.
    failure.stack = failure.message
    throw failure
  } finally {
    if (storage !== 'memory') await remove(name)
  }
}

async function runDirect(choice: Choice, name: string): Promise<void> {
  const worker = new Worker(new URL('./direct-worker.js', import.meta.url), { type: 'module' })
  try {
    const failure = await new Promise<string>((resolve, reject) => {
      worker.onmessage = ({ data }) => resolve(data)
      worker.onerror = ({ message }) => reject(new Error(message))
      worker.postMessage({ choice, name })
    })
    if (failure !== '') throw new Error(failure)
  } finally {
    worker.terminate()
  }
}
