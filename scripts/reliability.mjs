// Writes docs/reliability.md from what the long tests have tried (docs/reliability.json).
import { writeFile } from 'node:fs/promises'
import { inRoot } from './lib/paths.mjs'
import { readTotals } from './lib/reliability.mjs'

/** @typedef {import('./lib/reliability.mjs').Total} Total */

const introduction = `# What was tried to make EntiDB lose data

Generated from \`reliability.json\` by \`npm run test:long\`; each run adds to its figures. A run
that finds a fault fails, and is not counted until the fault is mended: all that is counted here
ended with every acknowledged write in place, no half-done transaction, and no wrong answer.

\`npm test\` runs a part of each, with floors below which it fails. \`npm run test:long -- NAME
--minutes N\` goes on from where the last run ended.

An image is one state of the files after a crash, opened and compared with what had been
acknowledged. A model operation is one put, delete, lookup, scan in one direction, query, commit
or the like, carried out by the engine and by a model that it is compared with.
`

/** Writes the page anew. */
export async function writeReliability() {
  await writeFile(inRoot('docs', 'reliability.md'), page(await readTotals()))
}

/**
 * The page for some totals.
 * @param {Record<string, Total>} totals
 */
export function page(totals) {
  const sections = Object.entries(totals).map(([name, total]) => section(name, total))
  return [introduction, ...sections].join('\n')
}

/**
 * @param {string} name
 * @param {Total} total
 */
function section(name, { about, runs, minutes, counts, cells, rows }) {
  const tried = Object.entries(counts).map(([name, count]) => ({ what: words(name), count }))
  const matrix = Object.entries(cells ?? {}).sort(([a], [b]) => (a < b ? -1 : 1))
  const spent = `${number(runs)} ${runs === 1 ? 'run' : 'runs'}, ${number(minutes)} minutes`
  const parts = [`## ${about}`, `\`npm run test:long -- ${name}\`: ${spent}.`]
  const cellRows = matrix.map(([cell, count]) => ({ cell, count }))
  for (const part of [tried, cellRows, rows ?? []]) if (part.length > 0) parts.push(table(part))
  return `${parts.join('\n\n')}\n`
}

/**
 * A name as it is said: `crashPoints` as crash points.
 * @param {string} name
 */
const words = (name) => name.replaceAll(/_|(?=[A-Z])/g, ' ').toLowerCase()

/** @param {Record<string, string | number>[]} rows */
function table(rows) {
  const columns = Object.keys(rows[0] ?? {})
  const isNumber = (/** @type {string} */ column) =>
    rows.every((row) => typeof row[column] === 'number')
  const line = (/** @type {string[]} */ values) => `| ${values.join(' | ')} |`
  return [
    line(columns),
    line(columns.map((column) => (isNumber(column) ? '--:' : '---'))),
    ...rows.map((row) => line(columns.map((column) => text(row[column] ?? '')))),
  ].join('\n')
}

/** @param {string | number} value */
const text = (value) => (typeof value === 'number' ? number(value) : value.replaceAll('|', '\\|'))

/** @param {number} value */
const number = (value) => value.toLocaleString('en-US')
