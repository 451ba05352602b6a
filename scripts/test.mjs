// `npm test`: every check and every test, then a table of what came out.
// `npm test -- NAME...` runs the steps of these names.

import { Failure, main, say, seconds } from './lib/run.mjs'
import { steps } from './lib/steps.mjs'
import { setUpTests } from './setup.mjs'

/**
 * @typedef {object} Outcome
 * @property {string} name
 * @property {number} passed
 * @property {number} failed
 * @property {string} time
 * @property {string} note why it failed, or what it measured
 */

/**
 * A step that counts no tests of its own is one check.
 * @param {import('./lib/steps.mjs').Step} step
 * @returns {Promise<Outcome>}
 */
async function carryOut(step) {
  const start = Date.now()
  say(`\n== ${step.name}: ${step.what}`)
  try {
    const { passed = 1, note = '' } = (await step.run()) ?? {}
    return { name: step.name, passed, failed: 0, time: seconds(start), note }
  } catch (error) {
    const { message, stack } = /** @type {Error} */ (error)
    say(`failed: ${error instanceof Failure ? message : stack}`)
    return { name: step.name, passed: 0, failed: 1, time: seconds(start), note: firstLine(message) }
  }
}

/** @param {string} text */
const firstLine = (text) => text.split('\n', 1)[0] ?? ''

/** @param {string[]} names */
function choose(names) {
  const known = steps.map((step) => step.name)
  const unknown = names.find((name) => !known.includes(name))
  if (unknown) throw new Failure(`there is no step ${unknown}; the steps are ${known.join(', ')}`)
  return names.length === 0 ? steps : steps.filter((step) => names.includes(step.name))
}

/** @param {Outcome[]} outcomes */
function report(outcomes) {
  say('\nstep            result   tests     time')
  for (const { name, passed, failed, time, note } of outcomes) {
    const result = failed === 0 ? 'passed' : 'FAILED'
    const line = [name.padEnd(16), result.padEnd(8), String(passed).padStart(6), time.padStart(9)]
    say(`${line.join('')}  ${note}`.trimEnd())
  }
  const total = (/** @type {'passed' | 'failed'} */ key) =>
    outcomes.reduce((sum, outcome) => sum + outcome[key], 0)
  say(`\n${total('passed')} passed, ${total('failed')} failed`)
  if (total('failed') > 0) process.exitCode = 1
}

await main(async () => {
  const chosen = choose(process.argv.slice(2))
  await setUpTests()
  /** @type {Outcome[]} */
  const outcomes = []
  for (const step of chosen) outcomes.push(await carryOut(step))
  report(outcomes)
})
