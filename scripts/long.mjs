// `npm run test:long -- NAME [--minutes N]`: what takes too long to be part of `npm test`. Most of
// these suites go on from where their last run ended, and add what they tried to docs/.
import { parseArgs } from 'node:util'
import { exists, inRoot } from './lib/paths.mjs'
import { addRun, readTotals } from './lib/reliability.mjs'
import { Failure, main, say } from './lib/run.mjs'
import { writeReliability } from './reliability.mjs'

/**
 * @typedef {object} Suite
 * @property {string} about what it tries, as a heading
 * @property {(task: { minutes: number | undefined, next: number }) =>
 *   Promise<import('./lib/reliability.mjs').Outcome & { failure?: string } | void>} run nothing
 *   where there is nothing to be added up; with a failure where the rest is to be kept
 */

await main(async () => {
  const { name, minutes } = readArguments()
  /** @type {Suite} */
  const suite = (await import(`./long/${name}.mjs`)).default
  const next = (await readTotals())[name]?.next ?? 0
  const started = Date.now()
  const ran = await suite.run({ minutes, next })
  if (!ran) return
  const { failure, ...outcome } = ran
  const spent = (Date.now() - started) / 60_000
  await addRun(name, { about: suite.about, minutes: spent, outcome })
  await writeReliability()
  say(`${name}: ${JSON.stringify(outcome.counts)}, added to docs/reliability.md`)
  if (failure) throw new Failure(failure)
})

function readArguments() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { minutes: { type: 'string' } },
  })
  const [name, ...rest] = positionals
  if (!name || rest.length > 0 || !exists(`scripts/long/${name}.mjs`)) {
    const place = inRoot('scripts', 'long')
    throw new Failure(`name one suite of ${place}, such as \`npm run test:long -- scale\``)
  }
  const minutes = values.minutes === undefined ? undefined : Number(values.minutes)
  if (minutes !== undefined && !(minutes > 0)) throw new Failure('--minutes takes a number above 0')
  return { name, minutes }
}
