import { open, remove } from 'entidb'
import { type Choice, suites } from './suites.js'
import { runOn } from './support/bench.js'

/** Runs one behaviour inside the page. */
export async function run(choice: Choice): Promise<void> {
  const { suite, behaviour, storage, client } = choice
  const name = `${suite}: ${behaviour}`.slice(0, 60)
  try {
    if (client === 'direct') return await runDirect(choice, name)
    await runOn(open, { storage, direct: false }, find(choice), name)
  } catch (error) {
    throw new Error(explain(error))
  } finally {
    if (storage === 'opfs') await remove(name)
  }
}

function find({ suite, behaviour }: Choice) {
  const found = suites[suite]?.[behaviour]
  if (found === undefined) throw new Error(`there is no '${behaviour}' in ${suite}`)
  return found
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

function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const cause = error.cause === undefined ? '' : `\ncaused by ${explain(error.cause)}`
  return `${error.stack ?? error.message}${cause}`
}
