// Puts states back and has Chromium open them.
import { cp, mkdir, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { BrowserContext } from '@playwright/test'
import type { Finding } from '../suite/power-worker.js'
import type { Inode } from './disk.js'
import { ask, FILES, name, type Recording, recordings, STORAGE, start } from './recording.js'
import { digestOf, filesAfter, folderAfter, type Moment, momentOf } from './states.js'

/** A state, and what was found of it. */
export interface Checked extends Finding {
  readonly moment: Moment
}

/** States that one page is given at a time. */
const BATCH = 10

/**
 * Checks states of the database's files, each put where a database lies in one browser.
 * @param count of different states, beginning with number `from`
 * @param deaf files whose syncs are taken for nothing
 */
export async function checkFiles(
  context: BrowserContext,
  recording: Recording,
  { from, count, deaf }: { from: number; count: number; deaf?: ReadonlySet<Inode> | 'all' },
): Promise<Checked[]> {
  const folder = join(recordings, 'states')
  await mkdir(folder, { recursive: true })
  const seen = new Set<string>()
  const checked: Checked[] = []
  // Moments at which all is safe have few states: those that come up again are passed over.
  for (let number = from; checked.length < count && number < from + 20 * count; ) {
    const states: { floor: number; url: string; moment: Moment }[] = []
    while (states.length < Math.min(BATCH, count - checked.length)) {
      const moment = momentOf(recording, number++)
      const bytes = filesAfter(recording, moment, deaf)
      const digest = `${moment.floor} ${digestOf(bytes)}`
      if (seen.has(digest) && number < from + 20 * count) continue
      seen.add(digest)
      await writeFile(join(folder, `${states.length}`), bytes)
      states.push({ floor: moment.floor, url: `/power/states/${states.length}`, moment })
    }
    const { plan } = recording.session
    const reply = await ask(context, { do: 'checkAll', name, plan, states })
    if (reply.findings === undefined) throw new Error(reply.failure)
    for (const [at, finding] of reply.findings.entries()) {
      const moment = states[at]?.moment
      if (moment) checked.push({ ...finding, moment })
    }
  }
  return checked
}

/** What became of a whole profile. */
export interface CheckedProfile extends Checked {
  /** Files of the database that were lost by name, or with it. */
  readonly nameless: readonly string[]
}

/**
 * Checks a state of everything that Chromium keeps origin private file systems in, as a profile
 * that a browser is started on.
 * @param names whether what was not synced of the browser's own files may be lost as well
 */
export async function checkProfile(
  recording: Recording,
  number: number,
  names: boolean,
): Promise<CheckedProfile> {
  const { before, root, files, disk, session } = recording
  const moment = momentOf(recording, number)
  const profile = join(recordings, 'state')
  await rm(profile, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 })
  await cp(before, profile, { recursive: true })
  const state = folderAfter(recording, moment, names)
  const storage = join(profile, STORAGE)
  await rm(storage, { recursive: true, force: true })
  for (const [path, bytes] of state) {
    const place = join(storage, path.slice(root.length))
    await mkdir(bytes ? dirname(place) : place, { recursive: true })
    if (bytes) await writeFile(place, bytes)
  }
  const context = await start(profile, `http://127.0.0.1:${session.port}`)
  try {
    const request = { do: 'check', name, plan: session.plan, floor: moment.floor } as const
    const { findings, failure } = await ask(context, request)
    const [finding] = findings ?? []
    if (finding === undefined) throw new Error(failure)
    const isThere = (file: string, at: number) =>
      finding.names?.includes(file) &&
      [...state.keys()].some((path) => disk.file(path) === files[at])
    return { ...finding, moment, nameless: FILES.filter((file, at) => !isThere(file, at)) }
  } finally {
    await context.close()
  }
}
