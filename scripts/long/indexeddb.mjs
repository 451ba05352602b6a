// A large database in IndexedDB: it opens and answers within little memory.
import { build } from '../build.mjs'
import { npmBin } from '../lib/paths.mjs'
import { printedCounts } from '../lib/reliability.mjs'
import { run } from '../lib/run.mjs'
import { setUpTests } from '../setup.mjs'

export default {
  about: 'A database of 200 MB in IndexedDB, within 64 MiB of memory',
  /** @param {{ next: number }} task */
  run: async ({ next }) => {
    await setUpTests()
    await build()
    const args = ['test', 'tests/long/indexeddb.spec.ts', '--project=chromium']
    const output = await run(npmBin('playwright'), args, { env: { LONG: 'true' } })
    return { counts: printedCounts(output), next: next + 1 }
  },
}
