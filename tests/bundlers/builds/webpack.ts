import { join } from 'node:path'
import { promisify } from 'node:util'
import webpack, { type Configuration, type Stats } from 'webpack'
import { type Build, copyPage, serve } from './build.js'

/** Without any configuration but where things are, and without its advice to ship less wasm. */
export const webpack5: Build = async (project) => {
  const served = join(project, 'dist')
  const entry = './main.js'
  const output = { path: served }
  const performance = { hints: false } as const
  const settings: Configuration = {
    mode: 'production',
    context: project,
    entry,
    output,
    performance,
  }
  const compiler = webpack(settings)
  if (compiler === null) throw new Error('webpack takes no such configuration')
  const stats: Stats | undefined = await promisify(compiler.run.bind(compiler))()
  if (stats === undefined || stats.hasErrors() || stats.hasWarnings()) {
    throw new Error(stats?.toString({ all: false, errors: true, warnings: true }))
  }
  await copyPage(project, served)
  return serve(served)
}
