// `npm run format`: formats everything, and mends what the linter can mend by itself.
import { npmBin } from './lib/paths.mjs'
import { main, run } from './lib/run.mjs'

await main(async () => {
  await run('cargo', ['fmt', '--all'])
  await run('cargo', ['fmt', '--manifest-path', 'bench/native/Cargo.toml'])
  await run(npmBin('biome'), ['check', '--write', '.'])
})
