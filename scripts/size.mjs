// Holds the package to its size, compressed as servers send it.
import { readFile } from 'node:fs/promises'
import { brotliCompressSync } from 'node:zlib'
import { inRoot } from './lib/paths.mjs'
import { Failure, say } from './lib/run.mjs'

/** The most that each part may take, in bytes after brotli. */
const budgets = { engine: 200_000, scripts: 20_000 }

const bindings = 'build/wasm/entidb.js'

/** @returns a line with the sizes */
export async function checkSizes() {
  const sizes = {
    engine: compressed(await readFile(inRoot('dist', 'entidb.wasm'))) + (await bundled(bindings)),
    scripts: (await bundled('js/index.ts')) + (await bundled('js/worker.ts')),
  }
  for (const part of /** @type {const} */ (['engine', 'scripts'])) {
    say(`${part}: ${sizes[part]} of ${budgets[part]} bytes after brotli`)
    if (sizes[part] > budgets[part]) throw new Failure(`${part} is over its ${budgets[part]} bytes`)
  }
  return `engine ${kilobytes(sizes.engine)}, scripts ${kilobytes(sizes.scripts)}`
}

/**
 * One entry with all it imports, as shipped, but for the bindings: those count with the engine.
 * @param {string} entry
 */
async function bundled(entry) {
  const { build } = await import('esbuild')
  const { outputFiles } = await build({
    absWorkingDir: inRoot(),
    entryPoints: [entry],
    bundle: true,
    format: 'esm',
    target: 'es2022',
    minify: true,
    write: false,
    plugins: [
      {
        name: 'bindings',
        setup: ({ onResolve }) =>
          onResolve({ filter: /\/build\/wasm\// }, ({ path, kind }) =>
            kind === 'entry-point' ? undefined : { path, external: true },
          ),
      },
    ],
  })
  return outputFiles.reduce((sum, { contents }) => sum + compressed(contents), 0)
}

/** @param {Uint8Array} bytes */
const compressed = (bytes) => brotliCompressSync(bytes).length

/** @param {number} bytes */
const kilobytes = (bytes) => `${(bytes / 1000).toFixed(1)} kB`
