// `npm run test:long -- NAME`: a test of tests/long, which takes too long to be part of `npm test`.
import { build } from './build.mjs'
import { exists, npmBin } from './lib/paths.mjs'
import { Failure, main, run } from './lib/run.mjs'
import { setUpTests } from './setup.mjs'

await main(async () => {
  const [name, ...rest] = process.argv.slice(2)
  const path = `tests/long/${name}.spec.ts`
  if (!name || rest.length > 0 || !exists(path)) {
    throw new Failure('name one test of tests/long, such as `npm run test:long -- scale`')
  }
  await setUpTests()
  await build()
  await run(npmBin('playwright'), ['test', path], { env: { LONG: 'true' } })
})
