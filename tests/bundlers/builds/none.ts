import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Build, serve } from './build.js'

const importMap = { imports: { entidb: './node_modules/entidb/dist/index.js' } }

/** No bundler at all: an import map says where the package is. */
export const none: Build = async (project) => {
  const path = join(project, 'index.html')
  const page = await readFile(path, 'utf8')
  const script = `<script type="importmap">${JSON.stringify(importMap)}</script>`
  await writeFile(path, page.replace('<script', `${script}\n    <script`))
  return serve(project)
}
