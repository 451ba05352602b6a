import { mkdir, readdir, rm } from 'node:fs/promises'
import { inRoot } from '../../scripts/lib/paths.mjs'
import { run } from '../../scripts/lib/run.mjs'

/** Where the projects are made: they find bundlers in the repository, `entidb` in themselves. */
export const workFolder = inRoot('build', 'bundlers')

/** Packs the package as built, in the form in which it is published. */
export default async function pack(): Promise<void> {
  await rm(workFolder, { recursive: true, force: true })
  await mkdir(workFolder, { recursive: true })
  await run('npm', ['pack', '--pack-destination', workFolder], { quiet: true })
}

/** The file that `pack` made. */
export async function packed(): Promise<string> {
  const name = (await readdir(workFolder)).find((file) => file.endsWith('.tgz'))
  if (name === undefined) throw new Error('`npm pack` made no file')
  return `${workFolder}/${name}`
}
