// The benchmark of the engine over files, in bench/native: a crate of its own, whose peers take
// minutes to compile. So nothing but `npm run bench -- --native` builds it.
import { join } from 'node:path'
import { cargoTarget } from './paths.mjs'
import { run } from './run.mjs'

const manifest = ['--manifest-path', 'bench/native/Cargo.toml']
const env = { CARGO_TARGET_DIR: join(cargoTarget, 'bench-native') }

/** Needs no crates, and so takes no time. */
export async function checkNativeFormat() {
  await run('cargo', ['fmt', ...manifest, '--check'])
}

/**
 * Runs it with these arguments, or checks its code where they say `--check`.
 * @param {string[]} args
 */
export async function benchNative(args) {
  if (args.includes('--check')) {
    await checkNativeFormat()
    const deny = ['--', '-D', 'warnings']
    await run('cargo', ['clippy', '--locked', ...manifest, '--all-targets', ...deny], { env })
    await run('cargo', ['test', '--release', '--locked', ...manifest], { env })
    return
  }
  await run('cargo', ['run', '--release', '--locked', ...manifest, '--', ...args], { env })
}
