import { copyFile, rm } from 'node:fs/promises'
import { build } from 'esbuild'
import { servedPackage } from '../scripts/lib/bundle.mjs'
import { inRoot } from '../scripts/lib/paths.mjs'

/** Where the page of the benchmark is built. */
export const pageFolder = inRoot('build', 'bench', 'page')

/**
 * Builds the page. `entidb` in it is the package as built, which the server has under /dist; each
 * peer is a chunk of its own, which only its own worker loads.
 */
export async function bundlePage(): Promise<void> {
  await rm(pageFolder, { recursive: true, force: true })
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
