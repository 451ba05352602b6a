// Builds the engine for the browser: cargo, then wasm-bindgen, then wasm-opt.
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { cargoTarget, inRoot, npmBin, root, wasmBindgen } from './paths.mjs'
import { run, say, seconds } from './run.mjs'

/** The JavaScript side of the bindings, which `js/` imports, and the wasm file it loads. */
const outFolder = inRoot('build', 'wasm')
const optimised = join(outFolder, 'entidb.opt.wasm')
const stamp = join(outFolder, 'stamp')

/** Everything that the bytes of the wasm file follow from. */
const inputs = [
  'Cargo.lock',
  'Cargo.toml',
  'package-lock.json',
  'rust-toolchain.toml',
  'engine/Cargo.toml',
  'engine/src',
  'hot/Cargo.toml',
  'hot/src',
  'scripts/lib/wasm.mjs',
  'wasm/Cargo.toml',
  'wasm/src',
]

/** What wasm32-unknown-unknown turns on by itself, and no more: every browser with OPFS has it. */
const features = [
  'bulk-memory',
  'multivalue',
  'mutable-globals',
  'nontrapping-float-to-int',
  'reference-types',
  'sign-ext',
].map((name) => `--enable-${name}`)

/**
 * Does nothing where no input has changed.
 * @returns the path of the wasm file; the bindings lie beside it
 */
export async function buildWasm() {
  const hash = await hashOf(inputs)
  const built = existsSync(stamp) ? await readFile(stamp, 'utf8') : ''
  if (built === hash && existsSync(optimised)) {
    say('build: wasm: no source has changed')
  } else {
    const start = Date.now()
    say('build: wasm: cargo, wasm-bindgen and wasm-opt; a minute or two the first time')
    await mkdir(outFolder, { recursive: true })
    await compile()
    await writeFile(stamp, hash)
    say(`build: wasm: done in ${seconds(start)}`)
  }
  return optimised
}

async function compile() {
  const target = 'wasm32-unknown-unknown'
  const cargoHome = process.env.CARGO_HOME ?? join(homedir(), '.cargo')
  await run('cargo', ['build', '--release', '--locked', '-p', 'entidb-wasm', '--target', target], {
    env: {
      // Messages of panics name source files: without this they would name this machine's folders.
      CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS: [
        `--remap-path-prefix=${root}=`,
        `--remap-path-prefix=${cargoHome}=cargo`,
        // Optimising for size inlines next to nothing; this much makes the file smaller still.
        '-Cllvm-args=--inline-threshold=25',
      ].join(' '),
    },
  })
  const compiled = join(cargoTarget, target, 'release', 'entidb_wasm.wasm')
  // The caller names the wasm file, so the bindings must not name one of their own.
  const shape = ['--target', 'web', '--omit-default-module-path', '--out-name', 'entidb']
  await run(wasmBindgen().cli, [...shape, '--out-dir', outFolder, compiled])
  const bound = join(outFolder, 'entidb_bg.wasm')
  const tidy = ['--strip-debug', '--strip-producers']
  await run(npmBin('wasm-opt'), ['-O3', ...tidy, ...features, bound, '-o', optimised])
}

/** @param {string[]} paths */
async function hashOf(paths) {
  const hash = createHash('sha256')
  for (const path of (await Promise.all(paths.map(filesOf))).flat()) {
    hash
      .update(`${path}\0`)
      .update(await readFile(inRoot(path)))
      .update('\0')
  }
  return hash.digest('hex')
}

/**
 * @param {string} path
 * @returns {Promise<string[]>}
 */
async function filesOf(path) {
  if ((await stat(inRoot(path))).isFile()) return [path]
  const entries = (await readdir(inRoot(path))).sort()
  return (await Promise.all(entries.map((entry) => filesOf(`${path}/${entry}`)))).flat()
}
