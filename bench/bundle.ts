import { copyFile, cp, rm } from 'node:fs/promises'
import { build } from 'esbuild'
import { servedPackage } from '../scripts/lib/bundle.mjs'
import { inRoot } from '../scripts/lib/paths.mjs'

/** Where the page of the benchmark is built. */
export const pageFolder = inRoot('build', 'bench', 'page')
/** A copy of the package as built, so that a build meanwhile changes nothing for a run. */
export const packageFolder = inRoot('build', 'bench', 'dist')

/**
 * Builds the page. `entidb` in it is the package as built, which the server has under /dist; each
 * peer is a chunk of its own, which only its own worker loads.
 */
export async function bundlePage(): Promise<void> {
  for (const folder of [pageFolder, packageFolder]) {
    await rm(folder, { recursive: true, force: true })
  }
  await cp(inRoot('dist'), packageFolder, { recursive: true })
  await build({
    absWorkingDir: inRoot(),
    entryPoints: ['page.ts', 'worker.ts', 'echo.ts'].map((name) => `bench/page/${name}`),
    outdir: pageFolder,
    bundle: true,
    splitting: true,
    format: 'esm',
    target: 'es2022',
    minify: true,
    logLevel: 'warning',
    plugins: [servedPackage],
  })
  await copyFile(inRoot('bench', 'page', 'index.html'), `${pageFolder}/index.html`)
  const sqlite = ['node_modules', '@sqlite.org', 'sqlite-wasm', 'dist', 'sqlite3.wasm']
  await copyFile(inRoot(...sqlite), `${pageFolder}/sqlite3.wasm`)
}
