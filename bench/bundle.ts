import { copyFile, cp, mkdir, readFile, rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { build } from 'esbuild'
import { servedPackage } from '../scripts/lib/bundle.mjs'
import { inRoot } from '../scripts/lib/paths.mjs'

/** Where the page of the benchmark is built. */
export const pageFolder = inRoot('build', 'bench', 'page')
/** A copy of the package as built, so that a build meanwhile changes nothing for a run. */
export const packageFolder = inRoot('build', 'bench', 'dist')

const scripts = ['page', 'worker', 'driver', 'remote-worker', 'echo']

/** What peers fetch beside their scripts. */
const peers = ['bench', 'node_modules']
const wa = [...peers, '@journeyapps', 'wa-sqlite', 'dist']
const pglite = [...peers, '@electric-sql', 'pglite', 'dist']
const surreal = ['@surrealdb', 'wasm', 'wasm', 'surrealdb_bg.wasm']
const assets = [
  inRoot('node_modules', '@sqlite.org', 'sqlite-wasm', 'dist', 'sqlite3.wasm'),
  inRoot(...wa, 'wa-sqlite.wasm'),
  inRoot(...wa, 'wa-sqlite-jspi.wasm'),
  inRoot(...pglite, 'pglite.wasm'),
  inRoot(...pglite, 'pglite.data'),
  inRoot(...pglite, 'initdb.wasm'),
]

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
    entryPoints: scripts.map((name) => `bench/page/${name}.ts`),
    outdir: pageFolder,
    bundle: true,
    splitting: true,
    format: 'esm',
    target: 'es2022',
    minify: true,
    logLevel: 'warning',
    plugins: [servedPackage],
    define: {
      PGLITE_VERSION: await versionOf('@electric-sql/pglite'),
      RXDB_VERSION: await versionOf('rxdb'),
      TINYBASE_VERSION: await versionOf('tinybase'),
    },
    // What is there for other hosts and never reached in a browser.
    external: ['node:*', 'fs', 'path', 'module', 'fs/promises', 'url', 'crypto', 'util'],
  })
  await copyFile(inRoot('bench', 'page', 'index.html'), `${pageFolder}/index.html`)
  // Looked for in the folder beside the one of the script.
  await mkdir(join(pageFolder, 'wasm'))
  await copyFile(inRoot(...peers, ...surreal), join(pageFolder, 'wasm', 'surrealdb_bg.wasm'))
  for (const asset of assets) await copyFile(asset, join(pageFolder, basename(asset)))
}

/** As text that can stand in a script. */
async function versionOf(name: string): Promise<string> {
  const text = await readFile(inRoot('bench', 'node_modules', name, 'package.json'), 'utf8')
  return JSON.stringify(JSON.parse(text).version)
}
