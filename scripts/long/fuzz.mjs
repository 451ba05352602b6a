// Every fuzz target for minutes. Inputs that reach something new stay in build/fuzz, so that the
// next run goes on from there; fuzz/README.md says how they get into the corpora.
import { availableParallelism } from 'node:os'
import { fuzzAll, targets } from '../lib/fuzz.mjs'

/** Minutes for each target, unless told otherwise. */
const minutesEach = 5

export default {
  name: 'fuzz',
  about: 'Fuzzing: inputs made up to reach all of the code',
  /** @param {{ minutes: number | undefined, next: number }} task */
  run: async ({ minutes, next }) => {
    const names = await targets()
    const each = minutes ? (minutes * availableParallelism()) / names.length : minutesEach
    const fuzzed = await fuzzAll({ seconds: Math.max(1, Math.round(each * 60)), seed: next + 1 })
    const total = (/** @type {'executions' | 'seconds'} */ key) =>
      Math.round(fuzzed.reduce((sum, target) => sum + target[key], 0))
    return {
      counts: { fuzz_executions: total('executions'), fuzz_seconds: total('seconds') },
      cells: Object.fromEntries(fuzzed.map(({ target, executions }) => [target, executions])),
      rows: fuzzed.map(({ seconds, ...figures }) => ({ ...figures, seconds: Math.round(seconds) })),
      next: next + 1,
    }
  },
}
