import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Build, serve } from './build.js'

const entries = {
  entidb: './node_modules/entidb/dist/index.js',
  'entidb/sync': './node_modules/entidb/dist/sync.js',
}

/**
 * No bundler at all: an import map says where the package is. Import maps do not reach workers, so
 * what a worker imports is named by its path.
 */
export const none: Build = async (project) => {
  const script = `<script type="importmap">${JSON.stringify({ imports: entries })}</script>`
  await rewrite(join(project, 'index.html'), (page) => page.replace('<script', `${script}<script`))
  for (const name of ['counter.js', 'visits.js']) {
    await rewrite(join(project, name), (code) =>
      code.replace(/ from '(entidb|entidb\/sync)'/, (_, entry: keyof typeof entries) => {
        return ` from '${entries[entry]}'`
      }),
    )
  }
  return serve(project)
}

async function rewrite(path: string, change: (text: string) => string): Promise<void> {
  await writeFile(path, change(await readFile(path, 'utf8')))
}
