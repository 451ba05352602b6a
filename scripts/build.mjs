// `npm run build`: leaves the package that users install in dist/.
import { copyFile, cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { inRoot, npmBin } from './lib/paths.mjs'
import { Failure, main, run, say, seconds } from './lib/run.mjs'
import { bundleScripts } from './lib/scripts.mjs'
import { buildWasm } from './lib/wasm.mjs'
import { setUpBuild } from './setup.mjs'

/** The scripts of the package, each the entry of a path in package.json's `exports`. */
const pageEntries = ['js/index.ts', 'js/sync.ts']
const workerEntry = 'js/worker.ts'
/** What the worker loads where it is needed. */
const indexedDbEntry = 'js/indexeddb.ts'

/** Everything is built here first, so that a build that fails leaves dist/ as it was. */
const staging = inRoot('build', 'package')

/** Builds everything in dist/ anew, the wasm file only where its sources have changed. */
export async function build() {
  const start = Date.now()
  await rm(staging, { recursive: true, force: true })
  await mkdir(staging, { recursive: true })
  await copyFile(await buildWasm(), join(staging, 'entidb.wasm'))
  await buildScripts()
  await buildTypes()
  await publish()
  say(`build: dist/ is ready after ${seconds(start)}`)
}

/**
 * `new URL('./worker.js', import.meta.url)` and its like pass through as they are: the bundler of
 * the project that uses the package resolves them. The worker shares no chunk with the others,
 * because some bundlers start a worker as a classic script, which cannot import; nor does what it
 * loads later, because bundlers copy that as it is.
 */
async function buildScripts() {
  const pages = { entryPoints: pageEntries, splitting: true, chunkNames: '[name]-[hash]' }
  const alone = [workerEntry, indexedDbEntry].map((entry) => ({ entryPoints: [entry] }))
  for (const options of [pages, ...alone]) {
    const scripts = await bundleScripts({ ...options, outdir: staging, outbase: 'js' })
    for (const { path, code } of scripts) await writeFile(path, code)
  }
  say('build: scripts: done')
}

/** Only the declarations that an entry leads to are shipped: the rest describes what is inside. */
async function buildTypes() {
  const folder = inRoot('build', 'types')
  await rm(folder, { recursive: true, force: true })
  await run(npmBin('tsc'), ['-p', 'tsconfig.build.json', '--outDir', folder])
  const entries = [...pageEntries, workerEntry].map((entry) =>
    entry.replace('js/', '').replace('.ts', '.d.ts'),
  )
  const pending = new Set(entries)
  for (const name of pending) {
    const text = await readFile(join(folder, name), 'utf8').catch(() => undefined)
    if (text === undefined) {
      throw new Failure(`dist/${name} would be missing: a public type leads to it, out of js/`)
    }
    for (const [, target] of text.matchAll(/(?:from |import\()['"](\.[^'"]+)['"]/g)) {
      pending.add(join(dirname(name), declarationOf(String(target))))
    }
    await mkdir(dirname(join(staging, name)), { recursive: true })
    await copyFile(join(folder, name), join(staging, name))
  }
  say('build: types: done')
}

/** dist/ is emptied and not removed, so that whoever watches or links to it keeps hold of it. */
async function publish() {
  const dist = inRoot('dist')
  await mkdir(dist, { recursive: true })
  for (const name of await readdir(dist)) await rm(join(dist, name), { recursive: true })
  await cp(staging, dist, { recursive: true })
}

/** @param {string} specifier */
const declarationOf = (specifier) => `${specifier.replace(/\.(js|ts)$/, '')}.d.ts`

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await main(async () => {
    await setUpBuild()
    await build()
  })
}
