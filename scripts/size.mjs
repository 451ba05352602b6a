// Holds the package to its size, compressed as servers send it.
import { readFile } from 'node:fs/promises'
import { brotliCompressSync } from 'node:zlib'
import { inRoot } from './lib/paths.mjs'
import { Failure, say } from './lib/run.mjs'
import { bundleScripts } from './lib/scripts.mjs'

/**
 * The most that each part may take, in bytes after brotli. `scripts` is what every page loads with
 * its worker, `indexeddb` what the worker loads besides for a database in IndexedDB.
 */
const budgets = { engine: 200_000, scripts: 20_000, indexeddb: 2_500 }

const bindings = 'build/wasm/entidb.js'

/** @returns a line with the sizes */
export async function checkSizes() {
  const sizes = {
    engine: compressed(await readFile(inRoot('dist', 'entidb.wasm'))) + (await bundled(bindings)),
    scripts: (await bundled('js/index.ts')) + (await bundled('js/worker.ts')),
    indexeddb: await bundled('js/indexeddb.ts'),
  }
  const parts = /** @type {(keyof typeof sizes)[]} */ (Object.keys(sizes))
  for (const part of parts) {
    say(`${part}: ${sizes[part]} of ${budgets[part]} bytes after brotli`)
    if (sizes[part] > budgets[part]) throw new Failure(`${part} is over its ${budgets[part]} bytes`)
  }
  return parts.map((part) => `${part} ${kilobytes(sizes[part])}`).join(', ')
}

/**
 * One entry with all it imports, as shipped, but for the bindings: those count with the engine.
 * @param {string} entry
 */
async function bundled(entry) {
  const scripts = await bundleScripts({
    entryPoints: [entry],
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
  return scripts.reduce((sum, { code }) => sum + compressed(Buffer.from(code)), 0)
}

/** @param {Uint8Array} bytes */
const compressed = (bytes) => brotliCompressSync(bytes).length

/** @param {number} bytes */
const kilobytes = (bytes) => `${(bytes / 1000).toFixed(1)} kB`
