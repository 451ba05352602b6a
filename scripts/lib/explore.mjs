// Tests of the engine that explore: they say on a line of their own how much they tried, and go on
// from one seed to the next for as long as they are told.
import { printedCounts, sum } from './reliability.mjs'
import { run, say } from './run.mjs'

export const crashTests = ['store_crash', 'store_crash_reopen', 'db_crash']
export const damageTests = [
  'store_damage_bits',
  'store_damage_sectors',
  'store_damage_sealed',
  'db_verify',
]
export const modelTests = ['store_model', 'store_model_large', 'model']

/**
 * The arguments of cargo that run tests and show what they print.
 * @param {string[]} tests
 * @param {string} [named] only those with this in their name
 */
export function exploring(tests, named) {
  const binaries = tests.flatMap((test) => ['--test', test])
  const filter = named === undefined ? [] : [named]
  return ['test', '--locked', '-p', 'entidb', ...binaries, '--', ...filter, '--nocapture']
}

/**
 * Runs tests in rounds until the time is over; a round that has begun is finished.
 * @param {object} task
 * @param {number} task.minutes
 * @param {number} task.next the first seed
 * @param {number} task.seeds of each round
 * @param {(first: number) => { args: string[], env: Record<string, string> }[]} task.round
 */
export async function exploreInRounds({ minutes, next, seeds, round }) {
  const end = Date.now() + minutes * 60_000
  /** @type {Record<string, number>} */
  let counts = {}
  let first = next
  do {
    for (const { args, env } of round(first)) {
      counts = sum(counts, printedCounts(await run('cargo', args, { env, quiet: true })))
    }
    first += seeds
    say(`seeds up to ${first}: ${JSON.stringify(counts)}`)
  } while (Date.now() < end)
  return { counts, next: first }
}
