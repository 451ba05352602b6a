// The rules of the house that no linter knows. Each is given a file and says what is wrong in it.
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { exists, inRoot } from './lib/paths.mjs'
import { ask, Failure, main, say } from './lib/run.mjs'

/**
 * @typedef {object} Source
 * @property {string} path from the root
 * @property {string[]} lines
 * @property {boolean[]} isTest for each line, whether only tests contain it
 *
 * @typedef {{ line: number, what: string }} Finding `line` counts from 1
 * @typedef {{ applies: RegExp, check: (source: Source) => Finding[] }} Rule
 */

const linesMax = 800
const columnsMax = 100
const inlineTestLinesMax = 150

/** Files that hold tests and nothing else. */
const testFile = /(^|\/)(tests|benches|fuzz)(\/|\.rs$)|\.(test|spec)\.ts$/

/** What each layer of the engine may name of the crate: itself and what is below it. */
const layers = {
  'engine/src/codec/': ['codec', 'error', 'limits'],
  'engine/src/storage': ['error', 'limits', 'options', 'storage'],
  'engine/src/kv/': ['codec', 'error', 'kv', 'limits', 'options', 'small_map', 'storage'],
}

/** Put together from parts, so that this file does not hold them itself. */
const leftovers = [
  ...['TO' + 'DO', 'FIX' + 'ME', 'XX' + 'X'].map((word) => `\\b${word}\\b`),
  'todo' + '!\\(',
  'unimplemented' + '!\\(',
  '\\b(?:test|it|describe)\\.' + 'only\\(',
  '#\\[' + 'ignore\\b',
]

/** @type {Rule[]} */
const rules = [
  { applies: /\.(rs|ts|tsx|mjs|css|html)$/, check: length },
  { applies: /\.(rs|ts|tsx|mjs)$/, check: eachLine(tooWide) },
  { applies: /./, check: matches(new RegExp(leftovers.join('|')), 'is a leftover') },
  { applies: /\.(rs|toml)$/, check: matches(/[^\x20-\x7e\t]+/, 'is not ASCII') },
  {
    applies: /./,
    check: matches(
      /(?:^|["'`\s(=])\/(?:work|root|home|Users|tmp)\/\S*/,
      'is a path of one machine',
    ),
  },
  { applies: /(^|\/)package-lock\.json$/, check: matches(/"resolved": "http/, 'is an address') },
  { applies: /^(engine|hot|wasm)\/src\/.*\.rs$/, check: outsideTests(panics) },
  { applies: /^(engine|hot|wasm)\/src\/.*\.rs$/, check: inlineTests },
  { applies: /^engine\/src\/.*\.rs$/, check: layering },
  { applies: /^tests\/suite\//, check: matches(/@playwright|node:/, 'is not to be had in a page') },
]

/** @returns {string} a line that says what was checked */
export function tidy() {
  const listed = ask('git', ['ls-files', '--cached', '--others', '--exclude-standard'])
  if (listed === undefined) throw new Failure('`git ls-files` failed: tidy needs git')
  const paths = listed.split('\n').filter((path) => path !== '' && exists(path))
  const problems = paths.flatMap((path) => findings(path, readFileSync(inRoot(path), 'utf8')))
  for (const problem of problems) say(problem)
  if (problems.length > 0) throw new Failure(`${problems.length} places are untidy`)
  return `${paths.length} files`
}

/**
 * What is wrong with a file, one line for each finding.
 * @param {string} path
 * @param {string} text
 * @returns {string[]}
 */
export function findings(path, text) {
  // Binary fixtures hold no lines.
  if (text.includes('\0')) return []
  const lines = text.split('\n')
  const source = { path, lines, isTest: testLines(path, lines) }
  return rules
    .filter(({ applies }) => applies.test(path))
    .flatMap(({ check }) => check(source))
    .map(({ line, what }) => `${path}:${line}: ${what}`)
}

/**
 * rustfmt closes a module at the column where it opened, so its end is found without parsing.
 * @param {string} path
 * @param {string[]} lines
 */
function testLines(path, lines) {
  const isTest = lines.map(() => testFile.test(path))
  for (let at = 0; at < lines.length; at++) {
    if (!/^#\[cfg\((all\()?(test|any\(test\b)/.test(lines[at] ?? '')) continue
    const end = lines.indexOf('}', at)
    const opens = lines.slice(at, at + 4).some((line) => line.endsWith('{'))
    if (opens && end > at) isTest.fill(true, at, end + 1)
  }
  return isTest
}

/** @param {Source} source */
function length({ path, lines }) {
  if (testFile.test(path) || lines.length <= linesMax) return []
  return [{ line: linesMax, what: `the file has ${lines.length} lines, ${linesMax} are the most` }]
}

/** @param {string} line */
function tooWide(line) {
  const columns = [...line].length
  return columns > columnsMax ? `${columns} columns, ${columnsMax} are the most` : undefined
}

/** @param {string} line */
function panics(line) {
  const code = line.replace(/\/\/.*$/, '').replace(/"(?:[^"\\]|\\.)*"/g, '""')
  const found = /\.unwrap\(\)|\.expect\(|\b(?:panic|unreachable)!/.exec(code)?.[0]
  return found ? `${found} ends the process: return an error` : undefined
}

/** @param {Source} source */
function inlineTests({ path, isTest }) {
  const count = isTest.filter(Boolean).length
  if (testFile.test(path) || count <= inlineTestLinesMax) return []
  const what = `${count} lines of tests, ${inlineTestLinesMax} are the most: move them to tests/`
  return [{ line: isTest.indexOf(true) + 1, what }]
}

/** @param {Source} source */
function layering({ path, lines, isTest }) {
  const layer = Object.entries(layers).find(([folder]) => path.startsWith(folder))
  if (!layer) return []
  const [folder, allowed] = layer
  const code = lines.map((line, at) => (isTest[at] ? '' : line.replace(/\/\/.*$/, ''))).join('\n')
  return namesOfCrate(code)
    .filter(({ name }) => !allowed.includes(name))
    .map(({ name, at }) => ({
      line: code.slice(0, at).split('\n').length,
      what: `${folder} may not name crate::${name}`,
    }))
}

/**
 * The modules named as `crate::name` or in the braces of `use crate::{...}`.
 * @param {string} code
 */
function namesOfCrate(code) {
  const names = []
  for (const found of code.matchAll(/\bcrate::(?:(\w+)|\{)/g)) {
    const at = found.index
    if (found[1]) {
      names.push({ name: found[1], at })
      continue
    }
    let depth = 0
    let start = true
    for (const [token] of code.slice(at + 'crate::'.length).matchAll(/\w+|[{},]/g)) {
      if (token === '{') depth += 1
      else if (token === '}') depth -= 1
      else if (token !== ',' && depth === 1 && start) names.push({ name: token, at })
      start = depth === 1 && (token === '{' || token === ',')
      if (depth === 0) break
    }
  }
  return names
}

/** @param {(line: string) => string | undefined} problem */
function eachLine(problem) {
  return (/** @type {Source} */ { lines }) =>
    lines.flatMap((line, at) => {
      const what = problem(line)
      return what ? [{ line: at + 1, what }] : []
    })
}

/** @param {(line: string) => string | undefined} problem */
function outsideTests(problem) {
  return (/** @type {Source} */ source) =>
    eachLine(problem)(source).filter(({ line }) => !source.isTest[line - 1])
}

/**
 * @param {RegExp} pattern
 * @param {string} what
 */
function matches(pattern, what) {
  return eachLine((line) => {
    const found = pattern.exec(line)?.[0].trim()
    return found ? `${found} ${what}` : undefined
  })
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main(async () => say(tidy()))
