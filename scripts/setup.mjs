// Installs what the other commands need, skips what is there, and says what it does.
import { existsSync, readFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { findChromedriver, findChromium, findFirefox, findWebKit } from './lib/browser.mjs'
import { cargoFuzz, cargoFuzzVersion, whyNoNightly } from './lib/fuzz.mjs'
import { cargoFuzzRoot, inRoot, lockedVersion, wasmBindgenRoot } from './lib/paths.mjs'
import { ask, Failure, main, run, say, seconds, which } from './lib/run.mjs'

/**
 * @typedef {object} Need
 * @property {string} name
 * @property {() => boolean} there
 * @property {string} effort what happens, and how long that takes
 * @property {() => Promise<unknown>} get
 */

const wasmTarget = 'wasm32-unknown-unknown'

/** @type {Need} */
const node = {
  name: 'Node 20',
  there: () => Number.parseInt(process.versions.node, 10) >= 20,
  effort: `this is ${process.versions.node}`,
  get: async () => {
    throw new Failure('Node 20 or newer is needed: install it from https://nodejs.org')
  },
}

/** @type {Need} */
const compiler = {
  name: 'C linker',
  there: () => which('cc') !== undefined,
  effort: 'apt-get install build-essential, about a minute',
  get: () => apt('build-essential'),
}

/** @type {Need} */
const rustTarget = {
  name: `Rust target ${wasmTarget}`,
  there: () => existsSync(join(sysroot(), 'lib', 'rustlib', wasmTarget)),
  effort: 'rustup target add, some seconds',
  get: () => rustup(['target', 'add', wasmTarget]),
}

/** @type {Need} */
const rustComponents = {
  name: 'rustfmt and clippy',
  there: () =>
    ask('cargo', ['fmt', '--version']) !== undefined &&
    ask('cargo', ['clippy', '--version']) !== undefined,
  effort: 'rustup component add, some seconds',
  get: () => rustup(['component', 'add', 'rustfmt', 'clippy']),
}

/** @type {Need} */
const npmPackages = {
  name: 'npm packages',
  there: () => installedAsLocked(inRoot('package-lock.json'), inRoot('node_modules')),
  effort: 'npm ci, about 10 seconds',
  get: () => run('npm', ['ci', '--no-audit', '--no-fund'], { quiet: true }),
}

/** @type {Need} */
const browser = {
  name: 'Chromium and ChromeDriver',
  there: () => findChromium() !== undefined && findChromedriver() !== undefined,
  effort: 'apt-get install chromium chromium-driver, one or two minutes',
  get: () => apt('chromium', 'chromium-driver'),
}

/**
 * What only some steps need: without it they do not run.
 * @type {Record<string, Need>}
 */
const needsOfSteps = {
  // The step `fuzz` still runs the saved inputs then, and says that it made up no others.
  fuzz: {
    name: `cargo-fuzz ${cargoFuzzVersion}`,
    there: () => existsSync(cargoFuzz()),
    effort: 'cargo install, about a minute, once for this version',
    get: installCargoFuzz,
  },
  power: {
    name: 'strace',
    there: () => which('strace') !== undefined,
    effort: 'apt-get install strace, some seconds',
    get: () => apt('strace'),
  },
  firefox: {
    name: 'Firefox',
    there: () => findFirefox() !== undefined,
    effort: 'apt-get install firefox-esr, one or two minutes',
    get: () => apt('firefox-esr'),
  },
  webkit: {
    name: 'WebKitGTK, its driver and a screen for it',
    there: () => findWebKit() !== undefined,
    effort: 'apt-get install webkit2gtk-driver xvfb xauth, one or two minutes',
    get: () => apt('webkit2gtk-driver', 'xvfb', 'xauth'),
  },
}

/** @returns {Need} */
function wasmBindgenTools() {
  const version = lockedVersion('wasm-bindgen')
  if (!version) throw new Failure('Cargo.lock names no wasm-bindgen: is this the whole repository?')
  const folder = wasmBindgenRoot(version)
  return {
    name: `wasm-bindgen ${version}`,
    there: () =>
      ask(join(folder, 'bin', 'wasm-bindgen'), ['--version'])?.endsWith(version) === true,
    effort: 'cargo install, two to six minutes, once for this version',
    get: () => installWasmBindgen(version, folder),
  }
}

/**
 * The tools are used for seconds at a time: what counts is that they are built quickly.
 * @param {string} version
 * @param {string} folder
 */
async function installWasmBindgen(version, folder) {
  const target = join(folder, 'target')
  const args = ['install', 'wasm-bindgen-cli', '--version', version, '--root', folder, '--force']
  await run('cargo', [...args, '--target-dir', target], {
    quiet: true,
    env: { CARGO_PROFILE_RELEASE_OPT_LEVEL: '1', CARGO_PROFILE_RELEASE_DEBUG: 'false' },
  })
  await rm(target, { recursive: true, force: true })
}

async function installCargoFuzz() {
  const why = whyNoNightly()
  if (why) throw new Failure(why)
  const folder = cargoFuzzRoot(cargoFuzzVersion)
  const target = join(folder, 'target')
  const args = ['install', '--locked', 'cargo-fuzz', '--version', cargoFuzzVersion]
  await run('cargo', [...args, '--root', folder, '--target-dir', target], {
    quiet: true,
    env: { CARGO_PROFILE_RELEASE_OPT_LEVEL: '1' },
  })
  await rm(target, { recursive: true, force: true })
}

/** @param {string[]} args */
function rustup(args) {
  if (which('rustup')) return run('rustup', args, { quiet: true })
  throw new Failure(
    `rustup is missing: install Rust from https://rustup.rs (\`rustup ${args.join(' ')}\`)`,
  )
}

function sysroot() {
  const path = ask('rustc', ['--print', 'sysroot'])
  if (path) return path
  throw new Failure('Rust is missing: install it from https://rustup.rs, then run this again')
}

/** @param {string[]} packages */
async function apt(...packages) {
  const names = packages.join(' ')
  if (!which('apt-get')) {
    throw new Failure(`${names} cannot be installed without apt-get: install it by hand`)
  }
  const asRoot = process.getuid?.() === 0 ? [] : sudo(names)
  const [command, ...before] = [...asRoot, 'env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get']
  await run(command, [...before, 'update'], { quiet: true })
  await run(command, [...before, 'install', '-y', '--no-install-recommends', ...packages], {
    quiet: true,
  })
}

/** @param {string} names */
function sudo(names) {
  if (ask('sudo', ['-n', 'true']) !== undefined) return ['sudo', '-n']
  throw new Failure(`${names} is missing: run \`sudo apt-get install ${names}\`, then this again`)
}

/**
 * npm keeps its own copy of the lock file in `node_modules`, without other platforms' packages.
 * @param {string} lockFile
 * @param {string} folder
 */
function installedAsLocked(lockFile, folder) {
  const installedFile = join(folder, '.package-lock.json')
  if (!existsSync(installedFile)) return false
  const locked = JSON.parse(readFileSync(lockFile, 'utf8')).packages
  const installed = JSON.parse(readFileSync(installedFile, 'utf8')).packages
  const asLocked = Object.keys(installed).every(
    (path) => locked[path]?.version === installed[path].version,
  )
  return (
    asLocked &&
    Object.keys(locked).every((path) => path === '' || path in installed || locked[path].optional)
  )
}

/** @param {Need[]} needs */
async function meet(needs) {
  for (const need of needs) {
    if (need.there()) {
      say(`set-up: ${need.name}: there`)
      continue
    }
    say(`set-up: ${need.name}: missing; ${need.effort}`)
    const start = Date.now()
    await need.get()
    if (!need.there()) {
      throw new Failure(`${need.name} was installed, yet cannot be found: see what is in PATH`)
    }
    say(`set-up: ${need.name}: installed in ${seconds(start)}`)
  }
}

/** What a build of the package needs. */
export const setUpBuild = () => meet([node, compiler, rustTarget, npmPackages, wasmBindgenTools()])

/** What the tests need. */
export async function setUpTests() {
  await setUpBuild()
  await meet([rustComponents, browser])
  for (const [step, need] of Object.entries(needsOfSteps)) {
    try {
      await meet([need])
    } catch (error) {
      if (!(error instanceof Failure)) throw error
      say(`set-up: ${need.name}: cannot be had, so \`${step}\` will not run: ${error.message}`)
    }
  }
}

/** What native programs alone need. */
export const setUpRust = () => meet([node, compiler, rustComponents])

/**
 * The packages of a folder that has a lock file of its own.
 * @param {string} folder
 */
export const setUpPackages = (folder) =>
  meet([
    {
      name: `npm packages of ${folder}`,
      there: () =>
        installedAsLocked(inRoot(folder, 'package-lock.json'), inRoot(folder, 'node_modules')),
      effort: 'npm ci, some seconds',
      get: () => run('npm', ['ci'], { cwd: inRoot(folder), quiet: true }),
    },
  ])

if (process.argv[1] === fileURLToPath(import.meta.url)) await main(setUpTests)
