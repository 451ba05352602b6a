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

/** What counts is the size after compression, and likeness counts for more there than length. */
const optimising = [
  '-O3',
  // A large function with one caller stays a function: put into its caller it shares hundreds of
  // locals, and instructions that were alike no longer are. Engines still inline what is hot.
  '--one-caller-inline-max-function-size=20',
  // For the same reason a value that is cheap to compute again takes no further local.
  '--skip-pass=local-cse',
  // The lowest KiB is the far end of the stack and holds no data, so that small offsets may go into
  // loads and stores: at worst a stack that is used up traps there and not a little later.
  '--low-memory-unused',
  '--strip-debug',
  '--strip-producers',
]

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
        // Inlining this little keeps the file small; what needs more has a crate of its own.
        '-Cllvm-args=--inline-threshold=25',
      ].join(' '),
    },
  })
  const compiled = join(cargoTarget, target, 'release', 'entidb_wasm.wasm')
  // The caller names the wasm file, so the bindings must not name one of their own.
  const shape = ['--target', 'web', '--omit-default-module-path', '--out-name', 'entidb']
  await run(wasmBindgen().cli, [...shape, '--out-dir', outFolder, compiled])
  const bound = join(outFolder, 'entidb_bg.wasm')
  await run(npmBin('wasm-opt'), [...optimising, ...features, bound, '-o', optimised])
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
