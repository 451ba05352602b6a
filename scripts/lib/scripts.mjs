// Bundles scripts of the package as they are shipped.
import { inRoot } from './paths.mjs'

/**
 * esbuild puts the modules together; terser, which makes less of what comes out, shortens that.
 * @param {import('esbuild').BuildOptions} options which entries, and what differs from the usual
 * @returns {Promise<{ path: string, code: string }[]>}
 */
export async function bundleScripts(options) {
  const { build } = await import('esbuild')
  const { outputFiles = [] } = await build({
    absWorkingDir: inRoot(),
    bundle: true,
    format: 'esm',
    target: 'es2022',
    // White space is left to terser: with it esbuild would remove what tells bundlers something.
    minifySyntax: true,
    minifyIdentifiers: true,
    outdir: inRoot('build', 'package'),
    logLevel: 'warning',
    ...options,
    write: false,
  })
  return Promise.all(
    outputFiles.map(async ({ path, text }) => ({ path, code: await shorten(text) })),
  )
}

/** @param {string} bundled */
async function shorten(bundled) {
  const { minify } = await import('terser')
  const { code = '' } = await minify(bundled, {
    module: true,
    ecma: 2020,
    compress: { passes: 2 },
    // What tells bundlers to leave an import alone.
    format: { comments: /webpackIgnore|@vite-ignore/ },
  })
  return code
}
