// Runs lives of databases; see `scripts/kills.mjs` for how it is called.
import { rmSync } from 'node:fs'
import { cp, mkdtemp, rm } from 'node:fs/promises'
import { build } from 'esbuild'
import { findWebKit } from '../../scripts/lib/browser.mjs'
import { servedPackage } from '../../scripts/lib/bundle.mjs'
import { inRoot } from '../../scripts/lib/paths.mjs'
import { Failure, say, seconds } from '../../scripts/lib/run.mjs'
import { Screen } from './browsers/screen.js'
import { cellOf, cells, isInstalled, nameOf } from './cells.js'
import { owe } from './debts.js'
import { endings } from './endings.js'
import { type Life, live } from './life.js'
import { Tally } from './tally.js'

export { cells, isInstalled }

/** How many rounds have every ending once. */
export const ENDINGS = Object.keys(endings).length

export interface Task {
  /** The first seed, and how many there are; those of browsers that are missing are left out. */
  readonly from: number
  readonly seeds: number
  /** Rounds of each seed. */
  readonly rounds: number
  readonly minutes?: number | undefined
}

/** Browsers at work at the same time: while one starts, another writes. */
const LANES = 2

/**
 * Lives through one database for each seed. Returns what was tried, and the first seed not tried.
 */
export async function run({ from, seeds, rounds, minutes }: Task) {
  if (!cells.some(isInstalled)) throw new Failure('no browser is installed: run `npm run setup`')
  let until = minutes === undefined ? Number.POSITIVE_INFINITY : Date.now() + minutes * 60_000
  const tally = new Tally()
  const site = await buildSite()
  const settled = owe(() => rmSync(site, { recursive: true, force: true }))
  const screen = findWebKit() ? await Screen.start() : undefined
  let next = from
  const lane = async () => {
    while (next < from + seeds && Date.now() < until) {
      const seed = next++
      const cell = cellOf(seed)
      if (!isInstalled(cell)) continue
      const life = { cell, seed, rounds, site, display: screen?.display ?? '', until }
      await liveAloud(life, tally).catch((error) => {
        // The other lane ends with its round.
        until = 0
        throw error
      })
    }
  }
  const lanes = await Promise.allSettled(Array.from({ length: LANES }, lane))
  await screen?.stop()
  await rm(site, { recursive: true, force: true })
  settled()
  for (const ended of lanes) if (ended.status === 'rejected') throw ended.reason
  return { counts: tally.counts, cells: tally.cells, next }
}

/** One life, and a line about it. */
async function liveAloud(life: Life, tally: Tally): Promise<void> {
  const { seed, cell, rounds } = life
  const started = Date.now()
  try {
    const lived = await live(life, tally)
    say(`seed ${seed}: ${nameOf(cell)}: ${lived} rounds in ${seconds(started)}`)
  } catch (error) {
    const replay = `node scripts/kills.mjs --seed ${seed} --rounds ${rounds}`
    throw new Failure(`${nameOf(cell)}, ${(error as Error).message}\nagain: ${replay}`)
  }
}

/** The pages, and a copy of the package, so that a build meanwhile changes nothing for a run. */
async function buildSite(): Promise<string> {
  const site = await mkdtemp(inRoot('build', 'kills-'))
  await cp(inRoot('dist'), `${site}/dist`, { recursive: true })
  await build({
    absWorkingDir: inRoot(),
    entryPoints: ['work', 'keeper', 'elsewhere'].map((name) => `tests/kills/page/${name}.ts`),
    outdir: `${site}/kills`,
    bundle: true,
    format: 'esm',
    target: 'es2022',
    logLevel: 'warning',
    plugins: [servedPackage],
  })
  return site
}
