// One op log, run natively and here, gives the same answers and the same files to the last byte;
// and each side goes on with the files of the other. The native side is engine/examples/image.rs.
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Page } from '@playwright/test'
import { inRoot } from '../scripts/lib/paths.mjs'
import { run } from '../scripts/lib/run.mjs'
import { callSuite, expect, test } from './harness/fixtures.js'
import type { Reply, Request } from './suite/parity-worker.js'

const FILES = ['volume', 'log.a', 'log.b'] as const
/** Calls of each op log, by sizes; of 12,500 calls more than 10,000 change something. */
const LOGS = { default: '12500', tiny: '4000' }
const SEED = '7'

const inWorker = (page: Page, request: Request) =>
  callSuite<Request, Reply>(page, 'parity', 'inWorker', request)

/** In the profile in which the engine's tests were built, so that nothing is compiled for it. */
const image = (...args: string[]) =>
  run('cargo', [
    ...['run', '--locked', '--quiet', '--profile', 'test', '-p', 'entidb'],
    ...['--example', 'image', '--', ...args],
  ])

async function play(page: Page, name: string, parts: string[]): Promise<void> {
  expect(await inWorker(page, { name, do: 'play', parts })).toEqual({})
}

/** Takes the files of a database out of the browser, which must be those in `expected`. */
async function takeOut(page: Page, name: string, to: string, expected: string): Promise<void> {
  const { files = {}, failure } = await inWorker(page, { name, do: 'export' })
  expect(failure).toBeUndefined()
  await mkdir(to, { recursive: true })
  for (const file of FILES) {
    const bytes = Buffer.from(String(files[file]), 'base64')
    await writeFile(join(to, file), bytes)
    const native = await readFile(join(expected, file))
    expect(bytes.equals(native), `${file} of ${name} is that of ${expected}`).toBe(true)
  }
}

for (const [geometry, calls] of Object.entries(LOGS)) {
  test(`an op log gives the same files natively and here, ${geometry} sizes`, async ({ page }) => {
    test.setTimeout(600_000)
    const recorded = inRoot('build', 'parity', geometry)
    const served = `/parity/${geometry}`
    const [half, whole] = [join(recorded, 'half'), join(recorded, 'whole')]
    await image('record', recorded, geometry, calls, SEED)

    await play(page, 'here', [`${served}/first`])
    const exported = join(recorded, 'exported')
    await takeOut(page, 'here', exported, half)
    await play(page, 'here', [`${served}/second`])
    await takeOut(page, 'here', join(recorded, 'exported-whole'), whole)
    await play(page, 'here', [`${served}/reading`])

    await inWorker(page, { name: 'native', do: 'import', from: `${served}/half` })
    await play(page, 'native', [`${served}/second`])
    await takeOut(page, 'native', join(recorded, 'exported-native'), whole)
    await play(page, 'native', [`${served}/reading`])

    await image('play', exported, recorded, 'second')
    for (const file of FILES) {
      const [ours, theirs] = [join(exported, file), join(whole, file)]
      expect((await readFile(ours)).equals(await readFile(theirs)), file).toBe(true)
    }
    await image('play', exported, recorded, 'reading')
  })
}
