// `npm run bench`: compares the package with other databases in one browser, and writes
// bench/results.md. `npm run bench -- --help` says what can be chosen. With `--native` it compares
// the engine over files with other native engines, without a browser.
import { pathToFileURL } from 'node:url'
import { build } from './build.mjs'
import { benchNative } from './lib/native.mjs'
import { inRoot } from './lib/paths.mjs'
import { main, say } from './lib/run.mjs'
import { setUpPackages, setUpRust, setUpTests } from './setup.mjs'

/** Bundled so that Node can run TypeScript; what is plain JavaScript is left where it is. */
async function bundleRunner() {
  const { build: bundle } = await import('esbuild')
  const outfile = inRoot('build', 'bench', 'run.mjs')
  await bundle({
    absWorkingDir: inRoot(),
    entryPoints: ['bench/run.ts'],
    outfile,
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    target: 'es2022',
    logLevel: 'warning',
    plugins: [
      {
        name: 'scripts',
        setup: ({ onResolve }) =>
          onResolve({ filter: /\/scripts\/lib\/[^/]+\.mjs$/ }, ({ path }) => ({
            path: inRoot(path.slice(path.indexOf('scripts/'))),
            external: true,
          })),
      },
    ],
  })
  return pathToFileURL(outfile).href
}

async function benchInBrowser(/** @type {string[]} */ args) {
  await setUpTests()
  await setUpPackages('bench')
  const { bench, readSettings, USAGE } = await import(await bundleRunner())
  if (args.includes('--help')) return say(USAGE)
  const settings = readSettings(args)
  await build()
  await bench(settings)
}

await main(async () => {
  const args = process.argv.slice(2)
  const others = args.filter((arg) => arg !== '--native')
  if (others.length === args.length) return benchInBrowser(args)
  await setUpRust()
  await benchNative(others)
})
