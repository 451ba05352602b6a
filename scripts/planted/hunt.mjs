// Builds the engine with its planted bugs, and hunts them: which test notices which bug?
import { spawn } from 'node:child_process'
import { basename, join } from 'node:path'
import { inRoot } from '../lib/paths.mjs'
import { Failure, run, say, seconds } from '../lib/run.mjs'
import { plant, SWITCH } from './plant.mjs'

/**
 * A test program, and how long it takes where no bug is on.
 * @typedef {{ name: string, path: string, ms: number }} Suite
 *
 * @typedef {{ test: string } | { passed: true } | { late: true }} End how a test program ended
 */

const home = inRoot('build', 'planted')
const source = join(home, 'source')

/** Where the likely suite does not notice a bug, these come next, and then all others. */
const FIRST = ['store_crash', 'store_faults', 'store_model', 'store_damage', 'model', 'db_schema']

/** Sizes of suites that need not be as large as in `npm test`. */
const SIZES = {
  COUNTS_DOCUMENTS: '10000',
  STORE_CRASH_IMAGES: '6',
  STORE_MODEL_SEEDS: '300',
  MODEL_SEEDS: '200',
}

/** A bug may slow a suite down, or have it never end: longer than this is not waited for. */
const patience = (/** @type {Suite} */ suite) => 60_000 + 4 * suite.ms

/**
 * Builds the test programs of the engine with all bugs in them.
 * @param {import('./plant.mjs').Bug[]} bugs
 * @returns {Promise<Suite[]>}
 */
export async function build(bugs) {
  await plant(source, bugs)
  const format = '--message-format=json-render-diagnostics'
  const output = await run('cargo', ['test', '--lib', '--tests', '--no-run', format], {
    cwd: source,
    env: { CARGO_TARGET_DIR: join(home, 'target'), RUSTFLAGS: '--cap-lints=allow' },
    quiet: true,
  })
  const suites = output.split('\n').flatMap((line) => {
    const { executable, target } = line.startsWith('{') ? JSON.parse(line) : {}
    if (!executable) return []
    const name = target.kind.includes('lib') ? 'lib' : basename(target.src_path, '.rs')
    return [{ name, path: executable, ms: 0 }]
  })
  if (suites.length === 0) throw new Failure('cargo built no test program')
  return suites
}

/**
 * Runs every suite without a bug: what fails then says nothing about bugs.
 * @param {Suite[]} suites
 */
export async function checkSound(suites) {
  for (const suite of suites) {
    const started = Date.now()
    const end = await runSuite(suite, undefined, Number.POSITIVE_INFINITY)
    if (!('passed' in end)) {
      const test = 'test' in end ? end.test : 'its end'
      throw new Failure(`${suite.name} fails without any bug, at ${test}; look into ${source}`)
    }
    suite.ms = Date.now() - started
    say(`${suite.name} passes without a bug (${seconds(started)})`)
  }
}

/**
 * Turns a bug on and runs suite after suite until one fails.
 * @param {number} number of the bug
 * @param {import('./plant.mjs').Bug} bug
 * @param {Suite[]} suites
 * @returns {Promise<string | undefined>} the suite and the test that noticed it
 */
export async function hunt(number, bug, suites) {
  const order = [bug.suite, ...FIRST]
  const place = (/** @type {Suite} */ { name, ms }) =>
    order.includes(name) ? order.indexOf(name) : order.length + ms
  for (const suite of suites.toSorted((a, b) => place(a) - place(b))) {
    const end = await runSuite(suite, number, patience(suite))
    if ('test' in end) return `${suite.name}: ${end.test}`
    if ('late' in end) say(`  ${suite.name} did not end with "${bug.name}" and was stopped`)
  }
  return undefined
}

/**
 * Runs a test program up to its first failing test.
 * @param {Suite} suite
 * @param {number | undefined} bug
 * @param {number} ms
 * @returns {Promise<End>}
 */
function runSuite({ path }, bug, ms) {
  return new Promise((resolve, reject) => {
    const child = spawn(path, [], {
      cwd: join(source, 'engine'),
      env: { ...process.env, ...SIZES, [SWITCH]: bug === undefined ? '' : String(bug) },
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    /** @type {End | undefined} */
    let end
    let output = ''
    const stop = (/** @type {End} */ how) => {
      end ??= how
      child.kill('SIGKILL')
    }
    const clock = Number.isFinite(ms) ? setTimeout(() => stop({ late: true }), ms) : undefined
    child.stdout.setEncoding('utf8').on('data', (text) => {
      output += text
      const test = /^test (\S+).* \.\.\. FAILED$/m.exec(output)?.[1]
      if (test) stop({ test })
    })
    child.on('error', reject)
    child.on('close', (code) => {
      clearTimeout(clock)
      resolve(end ?? (code === 0 ? { passed: true } : { test: 'the program itself' }))
    })
  })
}
