// Runs the fuzz targets of fuzz/: over the inputs that are kept, with the ordinary compiler, and
// beyond them where there is a nightly compiler and cargo-fuzz.
import { existsSync } from 'node:fs'
import { mkdir, readdir } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { countTests } from './counts.mjs'
import { cargoFuzzRoot, cargoTarget, inRoot } from './paths.mjs'
import { printedCounts } from './reliability.mjs'
import { ask, Failure, run } from './run.mjs'

/** The one that the set-up installs. */
export const cargoFuzzVersion = '0.13.2'

const manifest = ['--manifest-path', 'fuzz/Cargo.toml']
const target = join(cargoTarget, 'fuzz')
const host = 'x86_64-unknown-linux-gnu'
/** Every test run has this much time for each target. */
const secondsShort = 10
/** No input may take longer than this, nor all of them together more memory. */
const limits = ['-timeout=25', '-rss_limit_mb=1024']

/**
 * What came of a target.
 * @typedef {object} Fuzzed
 * @property {string} target
 * @property {number} executions
 * @property {number} coverage edges of the code that inputs have reached
 * @property {number} features edges, told apart by how often they were passed
 * @property {number} inputs that each reach something of their own
 * @property {number} seconds
 */

export const cargoFuzz = () => join(cargoFuzzRoot(cargoFuzzVersion), 'bin', 'cargo-fuzz')

/** @returns {string | undefined} why nothing can be built for fuzzing here */
export function whyNoNightly() {
  const nightly = ask('rustup', ['run', 'nightly', 'rustc', '-vV'])
  if (!nightly) return 'there is no nightly toolchain (`rustup toolchain install nightly`)'
  return nightly.includes(`host: ${host}`) ? undefined : `the fuzzers are built for ${host} only`
}

/** @returns {string | undefined} */
function whyNoFuzzing() {
  const missing = 'cargo-fuzz is not installed (`npm run setup`)'
  return whyNoNightly() ?? (existsSync(cargoFuzz()) ? undefined : missing)
}

/** The step of `npm test`. */
export async function checkFuzzing() {
  await run('cargo', ['fmt', ...manifest, '--check'])
  await run('cargo', ['clippy', '--locked', ...manifest, '--all-targets', '--', '-D', 'warnings'], {
    env: { CARGO_TARGET_DIR: target },
  })
  const output = await run('cargo', ['test', '--locked', ...manifest, '--', '--nocapture'], {
    env: { CARGO_TARGET_DIR: target },
  })
  const passed = countTests('cargo', output)
  const replayed = `${printedCounts(output).fuzz_inputs_replayed ?? 0} saved inputs`
  const why = whyNoFuzzing()
  if (why) return { passed, note: `${replayed}; no fuzzing, as ${why}` }
  const { fuzzed, failure } = await fuzzAll(await targets(), { seconds: secondsShort, seed: 1 })
  if (failure) throw new Failure(failure)
  const executions = fuzzed.reduce((sum, { executions }) => sum + executions, 0)
  const note = `${replayed}, and ${executions} new ones over ${fuzzed.length} targets`
  return { passed: passed + fuzzed.length, note }
}

/**
 * Builds all targets and runs some for so many seconds each. One that fails does not keep the
 * others from running.
 * @param {string[]} names
 * @param {{ seconds: number, seed: number }} task
 * @returns {Promise<{ fuzzed: Fuzzed[], failure?: string }>}
 */
export async function fuzzAll(names, { seconds, seed }) {
  const why = whyNoFuzzing()
  if (why) throw new Failure(`nothing can be fuzzed here: ${why}`)
  // The engine has no unsafe code, so that a sanitizer would find nothing and slow all down.
  await run(cargoFuzz(), ['fuzz', 'build', '-s', 'none', '--features', 'libfuzzer'], {
    env: { RUSTUP_TOOLCHAIN: 'nightly', CARGO_TARGET_DIR: target },
  })
  const left = [...names]
  /** @type {Fuzzed[]} */
  const fuzzed = []
  /** @type {string[]} */
  const failures = []
  const work = async () => {
    for (let name = left.shift(); name; name = left.shift()) {
      try {
        fuzzed.push(await fuzz(name, seconds, seed))
      } catch (error) {
        if (!(error instanceof Failure)) throw error
        failures.push(error.message)
      }
    }
  }
  await Promise.all(Array.from({ length: availableParallelism() }, work))
  return { fuzzed, ...(failures.length > 0 && { failure: failures.join('\n') }) }
}

/** @returns {Promise<string[]>} the names of the targets */
export async function targets() {
  const files = await readdir(inRoot('fuzz', 'fuzz_targets'))
  return files.map((file) => file.replace(/\.rs$/, '')).sort()
}

/**
 * New inputs go to build/, from where `-merge=1` brings those that are worth it to the corpus.
 * @param {string} name
 * @param {number} seconds
 * @param {number} seed
 * @returns {Promise<Fuzzed>}
 */
async function fuzz(name, seconds, seed) {
  const found = inRoot('build', 'fuzz', name)
  const artifacts = join('fuzz', 'artifacts', name)
  await mkdir(found, { recursive: true })
  await mkdir(inRoot(artifacts), { recursive: true })
  const args = [found, inRoot('fuzz', 'corpus', name), `-artifact_prefix=${artifacts}/`, ...limits]
  if (name === 'message') args.push('-dict=fuzz/message.dict')
  args.push(`-max_total_time=${seconds}`, `-seed=${seed}`, '-len_control=10')
  const started = Date.now()
  let output
  try {
    output = await run(join(target, host, 'release', name), args, { quiet: true })
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    const replay = `cargo +nightly fuzz run -s none --features libfuzzer ${name} ${artifacts}/FILE`
    throw new Failure(`${name} broke a promise: \`${replay}\`, with the newest file there`)
  }
  return { target: name, ...figures(name, output), seconds: (Date.now() - started) / 1000 }
}

/**
 * What libFuzzer says at its end: `#1234 DONE cov: 140 ft: 185 corp: 36/13929b`.
 * @param {string} name
 * @param {string} output
 */
function figures(name, output) {
  const last = /^#(\d+)\s+DONE\s+cov: (\d+) ft: (\d+) corp: (\d+)\//m.exec(output)
  if (!last) throw new Failure(`${name} did not say what it has done`)
  const [executions = 0, coverage = 0, features = 0, inputs = 0] = last.slice(1).map(Number)
  return { executions, coverage, features, inputs }
}
