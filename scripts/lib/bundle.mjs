// Bundles what is not part of the package: unit tests for Node, and suites that run inside pages.
import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { build } from 'esbuild'
import { exists, inRoot } from './paths.mjs'
import { Failure } from './run.mjs'

/** @type {import('esbuild').BuildOptions} */
const shared = {
  absWorkingDir: inRoot(),
  bundle: true,
  format: 'esm',
  target: 'es2022',
  sourcemap: 'inline',
  logLevel: 'warning',
}

/** @returns {Promise<string[]>} the test files, as Node runs them */
export async function bundleUnitTests() {
  const entryPoints = await filesIn('tests/unit', '.test.ts')
  if (entryPoints.length === 0) throw new Failure('tests/unit holds no test')
  const outdir = 'build/unit'
  await rm(inRoot(outdir), { recursive: true, force: true })
  await build({ ...shared, entryPoints, outbase: 'tests/unit', outdir, platform: 'node' })
  return entryPoints.map((path) => inRoot(outdir, `${path.slice('tests/unit/'.length, -2)}js`))
}

/**
 * `entidb` is what the server has under /dist, so that a page loads the very files that users load.
 * @type {import('esbuild').Plugin}
 */
export const servedPackage = {
  name: 'package',
  setup: (steps) => steps.onResolve({ filter: /^entidb(\/|$)/ }, served),
}

/** Suites run against the package as built. */
export async function bundleSuites() {
  const entryPoints = await filesIn('tests/suite', '.ts')
  const outdir = 'build/suite'
  await rm(inRoot(outdir), { recursive: true, force: true })
  await build({
    ...shared,
    entryPoints,
    outbase: 'tests/suite',
    outdir,
    plugins: [servedPackage],
  })
}

/** @param {import('esbuild').OnResolveArgs} request */
function served({ path }) {
  const entry = path === 'entidb' ? 'index' : path.slice('entidb/'.length)
  return { path: `/dist/${entry}.js`, external: true }
}

/**
 * @param {string} folder
 * @param {string} ending
 */
async function filesIn(folder, ending) {
  const names = exists(folder) ? await readdir(inRoot(folder), { recursive: true }) : []
  return names
    .filter((name) => name.endsWith(ending))
    .sort()
    .map((name) => join(folder, name))
}
