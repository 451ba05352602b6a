// What a loss of power may leave of a database in Chromium, for one recorded session after another.
import { build } from '../build.mjs'
import { npmBin } from '../lib/paths.mjs'
import { printedCounts, sum } from '../lib/reliability.mjs'
import { run } from '../lib/run.mjs'
import { setUpTests } from '../setup.mjs'

/** Without a time to fill: as many states as are to be tried once. */
const STATES = 1_000
/** Of each session: the files of a database in one browser, and whole profiles. */
const OF_FILES = 180
const OF_PROFILES = 20

export default {
  about: 'Losses of power, from what Chromium asked of the disk',
  /** @param {{ minutes: number | undefined, next: number }} task */
  run: async ({ minutes, next }) => {
    await setUpTests()
    await build()
    const started = Date.now()
    const isOver = () =>
      minutes === undefined
        ? (counts.states ?? 0) >= STATES
        : Date.now() - started >= minutes * 60_000
    /** @type {Record<string, number>} */
    let counts = {}
    let seed = next
    do {
      const config = ['-c', 'tests/power/playwright.config.ts']
      const output = await run(npmBin('playwright'), ['test', ...config], {
        env: {
          POWER_SEED: String(seed),
          POWER_STATES: String(OF_FILES),
          POWER_PROFILES: String(OF_PROFILES),
        },
      })
      counts = sum(counts, { sessions: 1, ...printedCounts(output) })
      seed += 1
    } while (!isOver())
    return { counts, next: seed }
  },
}
