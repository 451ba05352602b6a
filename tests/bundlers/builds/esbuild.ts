import { join } from 'node:path'
import { build } from 'esbuild'
import { type Build, copyAssets, copyPage, serve } from './build.js'

/** Without any configuration, and the files copied. */
export const esbuild: Build = async (project) => {
  const served = join(project, 'dist')
  await build({
    absWorkingDir: project,
    entryPoints: ['main.js'],
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
