// `node scripts/kills.mjs --seed N [--rounds N]`: replays the rounds of one seed of the kill
// matrix: what is written and how it is ended is the same again, the moment about the same.
import { mkdir, rm } from 'node:fs/promises'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { exists, inRoot } from './lib/paths.mjs'
import { Failure, main, say } from './lib/run.mjs'

/**
 * Bundled so that Node can run TypeScript; what is plain JavaScript is left where it is.
 * @returns {Promise<typeof import('../tests/kills/run.js')>}
 */
export async function loadKills() {
  const { build } = await import('esbuild')
  const outfile = inRoot('build', `kills-${process.pid}.mjs`)
  await mkdir(inRoot('build'), { recursive: true })
  await build({
    absWorkingDir: inRoot(),
    entryPoints: ['tests/kills/run.ts'],
    outfile,
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    target: 'es2022',
    logLevel: 'warning',
    plugins: [{ name: 'scripts', setup: leaveScripts }],
  })
  try {
    return await import(pathToFileURL(outfile).href)
  } finally {
    await rm(outfile)
  }
}

/** @param {import('esbuild').PluginBuild} steps */
function leaveScripts({ onResolve }) {
  onResolve({ filter: /\/scripts\/lib\/[^/]+\.mjs$/ }, ({ path }) => ({
    path: inRoot(path.slice(path.indexOf('scripts/'))),
    external: true,
  }))
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await main(async () => {
    const options = /** @type {const} */ ({ seed: { type: 'string' }, rounds: { type: 'string' } })
    const { seed, rounds = '50' } = parseArgs({ options }).values
    if (!exists('dist/entidb.wasm')) throw new Failure('dist/ is empty: run `npm run build`')
    const { run } = await loadKills()
    const { counts } = await run({ from: Number(seed), seeds: 1, rounds: Number(rounds) })
    say(`reliability ${JSON.stringify(counts)}`)
  })
}
