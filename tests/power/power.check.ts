// What a loss of power may leave of a database in Chromium is opened, and holds all that was
// promised. The states follow from a record of the system calls that Chromium made.
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from '@playwright/test'
import { say } from '../../scripts/lib/run.mjs'
import { createProfile, removeProfile } from '../harness/browser.js'
import { type Checked, checkFiles, checkProfile } from './checker.js'
import type { Inode } from './disk.js'
import { load, type Recording, record, recordings, serve, start } from './recording.js'

const SEED = Number(process.env.POWER_SEED ?? 1)
const STATES = Number(process.env.POWER_STATES ?? 45)
const PROFILES = Number(process.env.POWER_PROFILES ?? 5)
const STEPS = 60
/** States of which one at least lacks something that a sync was left out for. */
const LEFT_OUT_MAX = 100
/** A record to read instead of making one, and the state of it to look at. */
const { POWER_RECORD: KEPT, POWER_NUMBER: NUMBER } = process.env

const folder = KEPT ?? join(recordings, `seed-${SEED}`)

let server: Awaited<ReturnType<typeof serve>>
let recording: Recording
let failed = false

test.beforeAll(async () => {
  const port = KEPT === undefined ? 0 : (await load(folder)).session.port
  server = await serve(port)
  if (KEPT === undefined) {
    const client = SEED % 2 === 0 ? 'direct' : 'worker'
    const from = SEED % 3 === 1 ? 0 : STEPS / 4
    await record(folder, { plan: { seed: SEED, steps: STEPS }, client, from }, server.origin)
  }
  recording = await load(folder)
})

test.afterEach(() => {
  const { status, expectedStatus } = test.info()
  failed ||= status !== expectedStatus
})

test.afterAll(async () => {
  await server.close()
  // What has shown a failure is needed to look at it again.
  if (!failed && KEPT === undefined) await rm(folder, { recursive: true, force: true })
})

async function inBrowser<T>(work: (context: Awaited<ReturnType<typeof start>>) => Promise<T>) {
  const profile = await createProfile()
  const context = await start(profile, server.origin)
  try {
    return await work(context)
  } finally {
    await context.close()
    await removeProfile(profile)
  }
}

/** Fails with the first state that lost something, and how to look at it again. */
function expectSound(checked: readonly Checked[], test: string): void {
  const wrong = checked.filter(({ failure }) => failure !== undefined)
  const [first] = wrong
  if (first === undefined) return
  const again =
    `POWER_RECORD=${folder} POWER_NUMBER=${first.moment.number} ` +
    `npx playwright test -c tests/power/playwright.config.ts -g '${test}'`
  throw new Error(
    `${wrong.length} of ${checked.length} states are wrong. Number ${first.moment.number}: ` +
      `${first.failure}\nlook at it again with: ${again}`,
  )
}

test('the record holds syncs of every file and what was acknowledged', () => {
  const { files, points } = recording
  expect(files.map((file) => (file?.syncs.length ?? 0) > 0)).toEqual([true, true, true])
  expect(points.acknowledged.length).toBeGreaterThan(20)
})

const filesTest = 'what is left of the files is opened and complete'

test(filesTest, async () => {
  test.setTimeout(60_000 + STATES * 2_000)
  const which = NUMBER === undefined ? { from: 0, count: STATES } : { from: +NUMBER, count: 1 }
  const checked = await inBrowser((context) => checkFiles(context, recording, which))
  expectSound(checked, filesTest)
  expect(checked.length).toBe(which.count)
  const behind = checked.filter(({ found = 0, moment }) => found > moment.floor).length
  say(
    `reliability ${JSON.stringify({ states: checked.length, 'states beyond a promise': behind })}`,
  )
})

const profilesTest = 'what is left of a profile is opened and complete'

test(profilesTest, async () => {
  test.setTimeout(60_000 + PROFILES * 20_000)
  const checked = []
  for (const number of numbersOf(PROFILES)) {
    checked.push(await checkProfile(recording, number, false))
  }
  expectSound(checked, profilesTest)
  say(`reliability ${JSON.stringify({ states: checked.length, profiles: checked.length })}`)
})

const namesTest = 'where the browser has lost names nothing is made up'

test(namesTest, async () => {
  test.setTimeout(60_000 + PROFILES * 20_000)
  const whole = []
  let nameless = 0
  for (const number of numbersOf(PROFILES)) {
    const checked = await checkProfile(recording, number, true)
    if (checked.nameless.length === 0) whole.push(checked)
    else {
      // What has no name cannot be found; what is found must be of the database all the same.
      if (!isLoss(checked)) expectSound([checked], namesTest)
      nameless += 1
    }
  }
  expectSound(whole, namesTest)
  const counts = { states: whole.length, profiles: whole.length, 'states without names': nameless }
  say(`reliability ${JSON.stringify(counts)}`)
})

test('it is noticed where a sync is left out', async () => {
  const all: (ReadonlySet<Inode> | 'all')[] = ['all']
  for (const file of recording.files) if (file) all.push(new Set([file]))
  const tried = await inBrowser(async (context) => {
    const tried = []
    for (const deaf of all) {
      let from = 0
      const isNoticed = async () =>
        (await checkFiles(context, recording, { from, count: 10, deaf })).some(isLoss)
      while (from < LEFT_OUT_MAX && !(await isNoticed())) from += 10
      tried.push(from)
    }
    return tried
  })
  for (const from of tried) expect(from).toBeLessThan(LEFT_OUT_MAX)
})

const numbersOf = (count: number) =>
  NUMBER === undefined ? Array.from({ length: count }, (_, at) => at) : [Number(NUMBER)]

/** Whether something that was promised is not there any more, and the database is not to blame. */
const isLoss = ({ failure = '' }: Checked) =>
  /was acknowledged|^(Corrupt|StorageLost): /.test(failure)
