import { cp, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { inRoot } from '../../scripts/lib/paths.mjs'
import { run } from '../../scripts/lib/run.mjs'
import { packed, workFolder } from './pack.js'

/** Makes the project of an application that has installed the packed package. */
export async function createProject(name: string): Promise<string> {
  const folder = join(workFolder, name)
  await mkdir(folder, { recursive: true })
  await cp(inRoot('tests', 'bundlers', 'app'), folder, { recursive: true })
  const description = { name: `with-${name}`, private: true, type: 'module' }
  await writeFile(join(folder, 'package.json'), JSON.stringify(description))
  const flags = ['--offline', '--no-audit', '--no-fund', '--no-package-lock']
  await run('npm', ['install', ...flags, await packed()], { cwd: folder, quiet: true })
  return folder
}
