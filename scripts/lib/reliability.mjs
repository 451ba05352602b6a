// What the long tests have tried so far, in docs/reliability.json: each run adds to it.
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { exists, inRoot } from './paths.mjs'
import { Failure } from './run.mjs'

/** @typedef {Record<string, number>} Numbers */

/**
 * What one run of a suite brings.
 * @typedef {object} Outcome
 * @property {Numbers} counts summed over all runs
 * @property {Numbers} [cells] of a matrix, by label, summed over all runs
 * @property {Record<string, string | number>[]} [rows] of a table; those of the newest run stay
 * @property {number} next the first seed or round that is not done yet
 */

/**
 * What all runs of a suite have brought.
 * @typedef {Outcome & { about: string, runs: number, minutes: number }} Total
 */

const file = inRoot('docs', 'reliability.json')

/** @returns {Promise<Record<string, Total>>} by the name of the suite */
export async function readTotals() {
  return exists('docs/reliability.json') ? JSON.parse(await readFile(file, 'utf8')) : {}
}

/**
 * Adds a run to what is there.
 * @param {string} name
 * @param {{ about: string, minutes: number, outcome: Outcome }} ran
 */
export async function addRun(name, { about, minutes, outcome }) {
  const totals = await readTotals()
  const before = totals[name]
  const rows = outcome.rows ?? before?.rows
  totals[name] = {
    about,
    runs: (before?.runs ?? 0) + 1,
    minutes: Math.round(((before?.minutes ?? 0) + minutes) * 10) / 10,
    counts: sum(before?.counts, outcome.counts),
    ...(outcome.cells && { cells: sum(before?.cells, outcome.cells) }),
    ...(rows && { rows }),
    next: outcome.next,
  }
  const sorted = Object.fromEntries(Object.entries(totals).sort(([a], [b]) => (a < b ? -1 : 1)))
  await mkdir(inRoot('docs'), { recursive: true })
  await writeFile(file, `${JSON.stringify(sorted, null, 2)}\n`)
}

/**
 * The counts that tests print as lines `reliability {"images": 12}`, summed.
 * @param {string} output
 */
export function printedCounts(output) {
  const lines = output.matchAll(/\breliability (\{[^{}]*\})/g)
  return Array.from(lines, ([, json]) => JSON.parse(String(json))).reduce(sum, {})
}

/**
 * Fails where less was tried than a run must try.
 * @param {Numbers} counts
 * @param {Numbers} floors
 */
export function checkFloors(counts, floors) {
  for (const [name, floor] of Object.entries(floors)) {
    const count = counts[name] ?? 0
    if (count < floor) throw new Failure(`only ${count} ${name} were tried, of ${floor} at least`)
  }
}

/**
 * @param {Numbers} [a]
 * @param {Numbers} [b]
 * @returns {Numbers}
 */
export function sum(a = {}, b = {}) {
  const total = { ...a }
  for (const [name, count] of Object.entries(b)) total[name] = (total[name] ?? 0) + count
  return total
}
