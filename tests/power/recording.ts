// A session of Chromium of which every change to its files is known.
import { chmod, cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type BrowserContext, chromium } from '@playwright/test'
import { chromiumArgs, chromium as executable } from '../../scripts/lib/browser.mjs'
import { inRoot } from '../../scripts/lib/paths.mjs'
import { callSuite, openPage } from '../harness/fixtures.js'
import { startServer } from '../harness/server.js'
import type { Plan, Reply, Request, Work } from '../suite/power-worker.js'
import { commitsOf, planOf } from '../suite/support/commits.js'
import { Disk, type Inode } from './disk.js'
import { type Call, readTrace, straceArguments } from './trace.js'

/** What a session is about; with it and the files beside it states can be made again. */
export interface Session {
  readonly plan: Plan
  readonly client: Work['client']
  /** The first step of the plan that was recorded; the others were done in an earlier session. */
  readonly from: number
  /** Where the pages were: files belong to an address, port included. */
  readonly port: number
}

/** The database of every session. */
export const name = 'power'
/** The files of a database, in the order in which states hold them. */
export const FILES = ['volume', 'log.a', 'log.b'] as const
const MARK = 'EntiMark'

/** Where Chromium keeps origin private file systems. */
export const STORAGE = join('Default', 'File System')

export interface Recording {
  readonly session: Session
  /** The profile before the session. */
  readonly before: string
  /** Of the folder `STORAGE` of a profile; paths of the disk begin with `root`. */
  readonly disk: Disk
  readonly root: string
  /** The files of the database, as far as there are any. */
  readonly files: readonly (Inode | undefined)[]
  /** Where in the trace the power may go, by what happens there. */
  readonly points: { readonly acknowledged: number[]; readonly syncing: number[]; any: number[] }
  /** The last commit that must be there after `point`. */
  floor(point: number): number
}

/** Starts a browser on a profile; `wrap` is a program that is given the browser to run. */
export function start(profile: string, origin: string, program = executable()) {
  return chromium.launchPersistentContext(profile, {
    executablePath: program,
    args: chromiumArgs,
    baseURL: origin,
  })
}

export const ask = async (context: BrowserContext, request: Request): Promise<Reply> =>
  callSuite<Request, Reply>(await openPage(context), 'power', 'inWorker', request)

/** Records a session in an empty folder. */
export async function record(
  folder: string,
  { plan, client, from }: Omit<Session, 'port'>,
  origin: string,
): Promise<void> {
  const profile = join(folder, 'profile')
  await rm(folder, { recursive: true, force: true })
  await mkdir(profile, { recursive: true })
  const work = async (context: BrowserContext, from: number, to: number) => {
    const { failure } = await ask(context, { do: 'work', name, plan, client, from, to })
    await context.close()
    if (failure !== undefined) throw new Error(`the work of seed ${plan.seed} failed: ${failure}`)
  }
  const first = await start(profile, origin)
  await openPage(first)
  await (from > 0 ? work(first, 0, from) : first.close())
  await cp(profile, join(folder, 'before'), { recursive: true })
  const wrapper = join(folder, 'chromium')
  const strace = straceArguments(join(folder, 'trace')).map((argument) => `'${argument}'`)
  await writeFile(wrapper, `#!/bin/sh\nexec strace ${strace.join(' ')} '${executable()}' "$@"\n`)
  await chmod(wrapper, 0o755)
  await work(await start(profile, origin, wrapper), from, plan.steps)
  const session: Session = { plan, client, from, port: Number(new URL(origin).port) }
  await writeFile(join(folder, 'session.json'), JSON.stringify(session))
  await rm(profile, { recursive: true, force: true })
}

/** Reads what was recorded. */
export async function load(folder: string): Promise<Recording> {
  const session: Session = JSON.parse(await readFile(join(folder, 'session.json'), 'utf8'))
  const before = join(folder, 'before')
  const root = join(folder, 'profile', STORAGE)
  const calls = await readTrace(join(folder, 'trace'), root)
  await mkdir(join(before, STORAGE), { recursive: true })
  const disk = new Disk(join(before, STORAGE), root, calls)
  const files = filesOf(disk, root, await notesOf(join(before, STORAGE), calls))
  const marks = calls.filter(({ bytes }) => bytes?.subarray(0, MARK.length).equals(MARK_BYTES))
  const floors = marks.map(({ end, bytes }) => ({ end, floor: Number(bytes?.subarray(8)) }))
  const { plan, from } = session
  const promised = commitsOf(planOf(plan.seed, plan.steps).slice(0, from)).length
  const ofFiles = files.flatMap((file) => [...(file?.changes ?? []), ...(file?.syncs ?? [])])
  return {
    session,
    before,
    disk,
    root,
    files,
    points: {
      acknowledged: floors.map(({ end }) => end + 0.5),
      syncing: files.flatMap((file) => (file?.syncs ?? []).map(({ start }) => start + 0.25)),
      any: ofFiles.flatMap(({ start, end }) => [start + 0.25, end + 0.5]),
    },
    floor: (point) =>
      floors.reduce(
        (most, { end, floor }) => (end < point ? Math.max(most, floor) : most),
        promised,
      ),
  }
}

const MARK_BYTES = Buffer.from(MARK)

/** What Chromium noted about the names of files, before the session and in it. */
async function notesOf(folder: string, calls: readonly Call[]): Promise<string> {
  const notes: Buffer[] = []
  for (const path of await readdir(folder, { recursive: true })) {
    if (NOTES.test(path)) notes.push(await readFile(join(folder, path)))
  }
  const written = calls.flatMap(({ path, bytes }) => (bytes && NOTES.test(path) ? [bytes] : []))
  return Buffer.concat([...notes, ...written]).toString('latin1')
}

const NOTES = /\/Paths\/\d+\.log$/

/** The database's files: Chromium numbers them, and notes their names beside the numbers. */
function filesOf(disk: Disk, root: string, notes: string): (Inode | undefined)[] {
  return FILES.map((file) => {
    const entry = new RegExp(`(\\d\\d/\\d{8})\\0[^]{4}${file.replace('.', '\\.')}\\0`).exec(notes)
    // The page has the first and only address that has files in the profile.
    return entry ? disk.file(join(root, '000', 't', String(entry[1]))) : undefined
  })
}

/** Where recordings are, inside the repository: the system's temporary folder may lie in memory. */
export const recordings = inRoot('build', 'power')

/** Serves the pages, and the states in `recordings`. */
export const serve = (port = 0) =>
  startServer(
    [
      ['/dist/', inRoot('dist')],
      ['/suite/', inRoot('build', 'suite')],
      ['/power/', recordings],
      ['/', inRoot('tests', 'pages')],
    ],
    port,
  )
