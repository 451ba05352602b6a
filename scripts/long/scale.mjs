// A million documents in Chromium: memory, rewriting, and the time to open.
import { build } from '../build.mjs'
import { npmBin } from '../lib/paths.mjs'
import { run } from '../lib/run.mjs'
import { setUpTests } from '../setup.mjs'

export default {
  about: 'A million documents in a browser',
  run: async () => {
    await setUpTests()
    await build()
    const args = ['test', 'tests/long/scale.spec.ts', '--project=chromium']
    await run(npmBin('playwright'), args, { env: { LONG: 'true' } })
  },
}
