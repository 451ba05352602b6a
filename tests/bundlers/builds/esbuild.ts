import { join } from 'node:path'
import { build } from 'esbuild'
import { type Build, copyAssets, copyPage, serve } from './build.js'

/** The application's worker is an entry of its own, as always there, and the files are copied. */
export const esbuild: Build = async (project) => {
  const served = join(project, 'dist')
  await build({
    absWorkingDir: project,
    entryPoints: ['main.js', 'counter.js'],
    outdir: served,
    bundle: true,
    format: 'esm',
    minify: true,
    logLevel: 'warning',
  })
  await copyPage(project, served)
  await copyAssets(project, served)
  return serve(served)
}
