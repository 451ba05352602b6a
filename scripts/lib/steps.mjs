// The steps of `npm test` in their order, what is quick first. A new step is a line in the table.
import { readdirSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { build } from '../build.mjs'
import { checkLicences } from '../licences.mjs'
import { setUpPackages } from '../setup.mjs'
import { checkSizes } from '../size.mjs'
import { tidy } from '../tidy.mjs'
import { chromium, chromiumArgs, findChromedriver, findFirefox, findWebKit } from './browser.mjs'
import { countTests } from './counts.mjs'
import { crashTests, damageTests, exploring, modelTests } from './explore.mjs'
import { checkFuzzing } from './fuzz.mjs'
import { checkNativeFormat } from './native.mjs'
import { exists, inRoot, npmBin, wasmBindgen } from './paths.mjs'
import { checkFloors, printedCounts } from './reliability.mjs'
import { ask, Failure, run, which } from './run.mjs'
import { bundleScripts } from './scripts.mjs'

/**
 * @typedef {{ passed?: number, note?: string }} Result `passed` where the step counts tests
 * @typedef {{ name: string, what: string, run: () => Promise<Result | void> }} Step
 */

/** @type {Step[]} */
export const steps = [
  { name: 'rustfmt', what: 'Rust is formatted', run: rustfmt },
  { name: 'biome', what: 'TypeScript and scripts are formatted and pass the linter', run: biome },
  { name: 'tidy', what: 'the rules of the house that no linter knows', run: tidyStep },
  { name: 'licences', what: 'licences, sources and reasons of dependencies', run: licences },
  { name: 'clippy', what: 'Rust passes the linter, natively and for wasm', run: clippy },
  { name: 'engine', what: 'tests of the engine, natively', run: engine },
  { name: 'crash', what: 'what crashes leave of the engine, at every call', run: crash },
  { name: 'model', what: 'random work on the engine against models', run: model },
  { name: 'damage', what: 'damage to every bit and sector of small databases', run: damage },
  { name: 'fuzz', what: 'saved inputs of the fuzzers, and some seconds more', run: checkFuzzing },
  { name: 'wasm32', what: 'the engine alone compiles for the browser', run: wasm32 },
  { name: 'build', what: 'the package builds', run: build },
  { name: 'size', what: 'the package is within its size', run: size },
  { name: 'types', what: 'TypeScript compiles', run: types },
  { name: 'scripts', what: 'tests of these scripts', run: scripts },
  { name: 'unit', what: 'tests of js/ in Node', run: unit },
  { name: 'storage', what: 'tests of wasm/ in a worker of Chromium', run: storage },
  { name: 'browser', what: 'tests of the package in Chromium', run: browser },
  { name: 'firefox', what: 'tests of the package in Firefox', run: firefox },
  { name: 'webkit', what: 'tests of the package in WebKitGTK', run: webkit },
  { name: 'power', what: 'what a loss of power leaves of a database in Chromium', run: power },
  { name: 'kills', what: 'browsers ended in the middle of writing', run: kills },
  { name: 'bundlers', what: 'the package works in the projects of its users', run: bundlers },
]

const wasmTarget = ['--target', 'wasm32-unknown-unknown']

function needBuild() {
  if (!exists('dist/entidb.wasm')) throw new Failure('dist/ is empty: run `npm run build`')
}

async function rustfmt() {
  await run('cargo', ['fmt', '--all', '--check'])
  await checkNativeFormat()
}

async function biome() {
  await run(npmBin('biome'), ['check', '--error-on-warnings', '.'])
}

async function tidyStep() {
  return { note: tidy() }
}

async function licences() {
  return { note: checkLicences() }
}

async function size() {
  needBuild()
  return { note: await checkSizes() }
}

async function clippy() {
  const deny = ['--', '-D', 'warnings']
  await run('cargo', ['clippy', '--locked', '--workspace', '--all-targets', ...deny])
  const args = ['clippy', '--locked', '-p', 'entidb-wasm', '--all-targets']
  await run('cargo', [...args, ...wasmTarget, ...deny])
}

/**
 * nextest runs the tests of all files side by side, but not the examples in comments. Those that
 * explore have steps of their own, in which they say how much they tried.
 */
async function engine() {
  if (!which('cargo-nextest')) {
    const args = ['test', '--locked', ...crates, '--lib', ...otherTests()]
    return { passed: countTests('cargo', await run('cargo', args)) }
  }
  const names = exploringTests.map((name) => `binary(${name})`)
  const others = ['-E', `not (${names.join(' | ')})`]
  const tests = await run('cargo', ['nextest', 'run', '--locked', ...crates, ...others])
  const examples = await run('cargo', ['test', '--locked', '-p', 'entidb', '--doc'])
  const ran = /^test result: ok\. [1-9]/m.test(examples) ? countTests('cargo', examples) : 0
  return { passed: countTests('nextest', tests) + ran }
}

/** What is tested natively. */
const crates = ['-p', 'entidb', '-p', 'entidb-hot']

const exploringTests = [...crashTests, ...damageTests, ...modelTests]

function otherTests() {
  const names = readdirSync(inRoot('engine', 'tests'), { withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.rs'))
    .map((entry) => entry.name.slice(0, -'.rs'.length))
  return names.filter((name) => !exploringTests.includes(name)).flatMap((name) => ['--test', name])
}

async function crash() {
  return explore(crashTests, { workloads: 260, images: 2_000_000 })
}

async function model() {
  return explore(modelTests, { modelOps: 10_000_000 })
}

async function damage() {
  return explore(damageTests, { flips: 800_000, cuts: 50_000 })
}

/**
 * Runs tests that print what they tried, and fails where that is too little.
 * @param {string[]} tests
 * @param {Record<string, number>} floors
 */
async function explore(tests, floors) {
  const output = await run('cargo', exploring(tests))
  const counts = printedCounts(output)
  checkFloors(counts, floors)
  const note = Object.entries(counts).map(([name, count]) => `${count} ${name}`)
  return { passed: countTests('cargo', output), note: note.join(', ') }
}

async function wasm32() {
  await run('cargo', ['check', '--locked', '-p', 'entidb', ...wasmTarget])
}

/** The package, what is tested and compared with it, and the demo, which uses it as others do. */
async function types() {
  needBuild()
  await setUpPackages('demo')
  await setUpPackages('bench')
  const projects = [
    'tsconfig.json',
    'tests/tsconfig.json',
    'bench/tsconfig.json',
    'demo/tsconfig.json',
  ]
  for (const project of projects) {
    await run(npmBin('tsc'), ['--noEmit', '-p', project])
  }
}

async function scripts() {
  return { passed: countTests('node', await run('node', ['--test', 'tests/scripts/'])) }
}

async function unit() {
  needBuild()
  const { bundleUnitTests } = await import('./bundle.mjs')
  const files = await bundleUnitTests()
  return { passed: countTests('node', await run('node', ['--test', ...files])) }
}

/** The script for IndexedDB is part of what is tested, though written in another language. */
async function storage() {
  const [indexedDb] = await bundleScripts({ entryPoints: ['js/indexeddb.ts'] })
  const webdriver = inRoot('build', 'webdriver.json')
  const options = { binary: chromium(), args: ['--headless', ...chromiumArgs] }
  await mkdir(inRoot('build'), { recursive: true })
  await writeFile(webdriver, JSON.stringify({ 'goog:chromeOptions': options }))
  const output = await run('cargo', ['test', '--locked', '-p', 'entidb-wasm', ...wasmTarget], {
    env: {
      CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER: wasmBindgen().testRunner,
      CHROMEDRIVER: findChromedriver(),
      ENTIDB_INDEXEDDB_SCRIPT: indexedDb?.code,
      WASM_BINDGEN_TEST_WEBDRIVER_JSON: webdriver,
      WASM_BINDGEN_TEST_TIMEOUT: '120',
    },
  })
  return { passed: countTests('cargo', output) }
}

async function browser() {
  needBuild()
  return { passed: await playwright('--project', 'chromium') }
}

async function firefox() {
  needBuild()
  if (!findFirefox()) return { passed: 0, note: 'did not run: Firefox is missing' }
  return { passed: await playwright('--project', 'firefox') }
}

async function webkit() {
  needBuild()
  if (!findWebKit()) return { passed: 0, note: 'did not run: WebKitGTK is missing' }
  return { passed: await playwright('--project', 'webkit') }
}

/** Needs strace, and a machine that lets it look into other processes. */
async function power() {
  needBuild()
  if (ask('strace', ['--quiet=all', '--trace=none', 'true']) === undefined) {
    return { passed: 0, note: 'did not run: strace is missing, or may not trace here' }
  }
  return { passed: await playwright('-c', 'tests/power/playwright.config.ts') }
}

/** A life of a database for each browser and storage, in which it is ended in every way. */
async function kills() {
  needBuild()
  const { loadKills } = await import('../kills.mjs')
  const { cells, ENDINGS, isInstalled, run: live } = await loadKills()
  const { counts } = await live({ from: 0, seeds: cells.length, rounds: ENDINGS })
  const installed = cells.filter(isInstalled)
  checkFloors(counts, { rounds: installed.length * ENDINGS })
  const names = `${installed.length} of ${cells.length} pairs of browser and storage`
  return { passed: counts.rounds, note: `${counts.rounds} rounds in ${names}` }
}

async function bundlers() {
  needBuild()
  return { passed: await playwright('-c', 'tests/bundlers/playwright.config.ts') }
}

/** @param {string[]} args */
async function playwright(...args) {
  return countTests('playwright', await run(npmBin('playwright'), ['test', ...args]))
}
