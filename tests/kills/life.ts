// The life of one database: written to, ended in the middle, opened again and checked, many times.
import { rmSync } from 'node:fs'
import { createProfile, removeProfile } from '../harness/browser.js'
import { Random } from '../shared/random.js'
import { type Cell, nameOf } from './cells.js'
import { owe } from './debts.js'
import { type EndingName, endings, pass } from './endings.js'
import { Oracle } from './oracle/oracle.js'
import { PageFailure, Talk } from './server.js'
import { type Plan, WORKS, type Work } from './shared/protocol.js'
import { BULK_WRITER } from './shared/writers.js'
import { Stage } from './stage.js'
import type { Tally } from './tally.js'

/** Acknowledgements that are reported at most before the ending. */
const ACKS_MAX = 30
/** The time in which an ending may come into a commit. */
const COMMIT_MS = 6

/** Which writers are at work beside what the work is about. */
const writersOf: Record<Work, readonly number[]> = {
  strict: [0, 1],
  relaxed: [2, 3],
  mixed: [0, 1, 2, 3],
  import: [0, 3, BULK_WRITER],
  compaction: [0, 1, 2, 3],
  index: [0, 3, BULK_WRITER],
}

export interface Life {
  readonly cell: Cell
  readonly seed: number
  readonly rounds: number
  /** What the pages are served from. */
  readonly site: string
  readonly display: string
  /** No round begins after this moment, as of `Date.now()`. */
  readonly until: number
}

/** A round that did not come out well. */
export class RoundFailure extends Error {}

/**
 * Lives through it, and returns how many rounds that were. Where one did not come out well the
 * profile is kept.
 */
export async function live(life: Life, tally: Tally): Promise<number> {
  const { cell, seed, site, display } = life
  const profile = await createProfile()
  const settled = owe(() => rmSync(profile, { recursive: true, force: true }))
  const oracle = new Oracle(seed)
  const talk = await Talk.start(site, ({ load, done }) => oracle.acknowledge(load, done))
  const next = planner(life)
  const stage = new Stage(talk, cell, { profile, display }, next)
  let rounds: number
  try {
    rounds = await goThrough(life, { stage, oracle, tally })
  } catch (error) {
    settled()
    const { message, stack } = error as Error
    const what = error instanceof PageFailure ? message : stack
    throw new RoundFailure(`${what}\nthe profile is kept: ${profile} (${talk.page})`)
  } finally {
    await stage.stop()
    await talk.stop()
  }
  await removeProfile(profile)
  settled()
  return rounds
}

interface Parts {
  readonly stage: Stage
  readonly oracle: Oracle
  readonly tally: Tally
}

async function goThrough(life: Life, { stage, oracle, tally }: Parts): Promise<number> {
  const { talk } = stage
  const order = shuffled(life.seed)
  stage.begin()
  await stage.start()
  let ended: EndingName | undefined
  let work: Work | undefined
  for (let round = 0; ; round++) {
    try {
      const state = await talk.state()
      const { problems, found } = oracle.check(state, talk.plan?.extra === true)
      if (problems.length > 0) throw new PageFailure(problems.join('\n'))
      if (ended !== undefined) tally.round(nameOf(life.cell), ended, found)
      if (round === life.rounds || Date.now() > life.until) {
        tally.counts.databases += 1
        return round
      }
      const random = new Random(life.seed, round)
      work = random.pick(WORKS)
      ended = order[round % order.length] as EndingName
      await talk.order({ work, done: oracle.done, writers: writersOf[work] })
      await moment(talk, work, random)
      tally.moment(work, talk.phases.has(work))
      await endings[ended](stage, random)
    } catch (error) {
      if (error instanceof PageFailure) {
        error.message = `round ${round}, ${ended} in ${work}: ${error.message}`
      }
      throw error
    }
  }
}

/** Returns at a moment that chance has chosen, in the middle of the work. */
async function moment(talk: Talk, work: Work, random: Random): Promise<void> {
  const acks = 1 + random.below(ACKS_MAX)
  await talk.until(`${acks} acknowledged writes`, () => talk.acks >= acks)
  let span = COMMIT_MS
  if (work === 'import' || work === 'compaction' || work === 'index') {
    await talk.until(`the begin of ${work}`, () => talk.phases.has(work))
    span = talk.lasted.get(work) ?? COMMIT_MS
  }
  await pass(random.unit() * span)
}

/** What page after page is to open; no number of a page is used twice. */
function planner({ cell, seed }: Life): (storm: boolean) => Plan {
  let load = 0
  return (storm) => {
    load += 1
    const extra = new Random(seed, load).unit() < 0.5
    return { load, name: 'kills', storage: cell.storage, seed, extra, storm }
  }
}

/** All endings in an order that follows from the seed. */
function shuffled(seed: number): EndingName[] {
  const random = new Random(seed)
  return (Object.keys(endings) as EndingName[])
    .map((name) => ({ name, at: random.unit() }))
    .sort((a, b) => a.at - b.at)
    .map(({ name }) => name)
}
