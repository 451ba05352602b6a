// Where things lie: the repository, what is built in it, and tools that are built once per machine.
import { existsSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('../..', import.meta.url))

/** @param {string[]} parts */
export const inRoot = (...parts) => join(root, ...parts)

/** Where cargo puts what it builds. */
export const cargoTarget = resolve(root, process.env.CARGO_TARGET_DIR ?? 'target')

/** Outlives the repository, so that a fresh clone need not build the tools again. */
const toolCache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'entidb', 'tools')

/**
 * The version a crate has in Cargo.lock.
 * @param {string} crate
 * @returns {string | undefined}
 */
export function lockedVersion(crate) {
  const lock = readFileSync(inRoot('Cargo.lock'), 'utf8')
  return new RegExp(`^name = "${crate}"\nversion = "([^"]+)"`, 'm').exec(lock)?.[1]
}

/**
 * The folder of the wasm-bindgen tools: one for each version, because they fit no other.
 * @param {string} version
 */
export const wasmBindgenRoot = (version) => join(toolCache, `wasm-bindgen-${version}`)

/**
 * The folder of cargo-fuzz, one for each version.
 * @param {string} version
 */
export const cargoFuzzRoot = (version) => join(toolCache, `cargo-fuzz-${version}`)

/** The wasm-bindgen tools of the locked version. */
export function wasmBindgen() {
  const folder = join(wasmBindgenRoot(String(lockedVersion('wasm-bindgen'))), 'bin')
  return { cli: join(folder, 'wasm-bindgen'), testRunner: join(folder, 'wasm-bindgen-test-runner') }
}

/**
 * A command of an npm package that this project depends on.
 * @param {string} name
 */
export const npmBin = (name) => inRoot('node_modules', '.bin', name)

/** @param {string} path */
export const exists = (path) => existsSync(inRoot(path))
