// Every fuzz target for minutes, or those that FUZZ_TARGETS names. Inputs that reach something new
// stay in build/fuzz, so that the next run goes on from there; fuzz/README.md says how they get
// into the corpora.
import { availableParallelism } from 'node:os'
import { fuzzAll, targets } from '../lib/fuzz.mjs'
import { readTotals } from '../lib/reliability.mjs'

/** Minutes for each target, unless told otherwise. */
const minutesEach = 5

export default {
  name: 'fuzz',
  about: 'Fuzzing: inputs made up to reach all of the code',
  /** @param {{ minutes: number | undefined, next: number }} task */
  run: async ({ minutes, next }) => {
    const names = process.env.FUZZ_TARGETS?.split(',') ?? (await targets())
    const each = minutes ? (minutes * availableParallelism()) / names.length : minutesEach
    const seconds = Math.max(1, Math.round(each * 60))
    const { fuzzed, failure } = await fuzzAll(names, { seconds, seed: next + 1 })
    const total = (/** @type {'executions' | 'seconds'} */ key) =>
      Math.round(fuzzed.reduce((sum, target) => sum + target[key], 0))
    return {
      counts: { fuzz_executions: total('executions'), fuzz_seconds: total('seconds') },
      rows: await addedUp(fuzzed),
      next: next + 1,
      ...(failure && { failure }),
    }
  },
}

/**
 * What all runs so far have brought: coverage is that of the newest, which begins with the inputs
 * of those before it.
 * @param {import('../lib/fuzz.mjs').Fuzzed[]} fuzzed
 */
async function addedUp(fuzzed) {
  const rows = new Map((await readTotals()).fuzz?.rows?.map((row) => [String(row.target), row]))
  for (const { executions, seconds, ...reached } of fuzzed) {
    const before = rows.get(reached.target)
    rows.set(reached.target, {
      ...reached,
      executions: Number(before?.executions ?? 0) + executions,
      seconds: Number(before?.seconds ?? 0) + Math.round(seconds),
    })
  }
  return [...rows.values()].sort((a, b) => (String(a.target) < String(b.target) ? -1 : 1))
}
