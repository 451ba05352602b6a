import { join } from 'node:path'
import { nodeResolve } from '@rollup/plugin-node-resolve'
import { rollup as bundle } from 'rollup'
import { type Build, copyAssets, copyPage, serve } from './build.js'

/**
 * With the plugin that every project needs which imports packages. The application's worker is an
 * entry of its own, as always there, and the files are copied.
 */
export const rollup: Build = async (project) => {
  const served = join(project, 'dist')
  const input = ['main.js', 'counter.js'].map((name) => join(project, name))
  const built = await bundle({ input, plugins: [nodeResolve({ browser: true })] })
  await built.write({ dir: served, format: 'es' })
  await built.close()
  await copyPage(project, served)
  await copyAssets(project, served)
  return serve(served)
}
