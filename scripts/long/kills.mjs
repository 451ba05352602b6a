// Browsers that are ended in the middle of writing, as many as fit into the time.
import { build } from '../build.mjs'
import { loadKills } from '../kills.mjs'
import { setUpTests } from '../setup.mjs'

const ROUNDS = 50

export default {
  about: 'Browsers ended in the middle of writing',
  /** @param {{ minutes: number | undefined, next: number }} task */
  run: async ({ minutes = 10, next }) => {
    await setUpTests()
    await build()
    const { run } = await loadKills()
    return run({ from: next, seeds: Number.POSITIVE_INFINITY, rounds: ROUNDS, minutes })
  },
}
