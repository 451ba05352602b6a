// Plants all bugs in a copy of the engine, each behind a switch that is thrown when a test starts:
// one build serves them all, and the engine itself holds no hooks.
import { readFileSync } from 'node:fs'
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { inRoot } from '../lib/paths.mjs'
import { Failure } from '../lib/run.mjs'

/**
 * Where a bug lies. White space may differ from the source, and line breaks with it.
 * @typedef {object} Site
 * @property {string} file in engine/src
 * @property {string} [before] what stands before it, where it alone is not unique
 * @property {string} find an expression, or statements: then it ends in `;` or `}`
 * @property {string} plant what takes its place
 *
 * @typedef {object} Bug
 * @property {string} name what is wrong
 * @property {string} about what that leads to
 * @property {string} suite the test program that is most likely to notice
 * @property {Site[]} sites
 *
 * @typedef {{ start: number, end: number, plants: { number: number, plant: string }[] }} Place
 */

/** The variable that names the bug that is on. */
export const SWITCH = 'ENTIDB_PLANTED'

/** Everything that cargo needs to test the engine. */
const COPIED = [
  'Cargo.toml',
  'Cargo.lock',
  'rust-toolchain.toml',
  'engine/Cargo.toml',
  'engine/benches',
  'engine/fixtures',
  'engine/src',
  'engine/tests',
  'hot',
]

/**
 * Copies the engine to `folder` and plants the bugs, which are numbered as they come.
 * @param {string} folder
 * @param {Bug[]} bugs
 */
export async function plant(folder, bugs) {
  await rm(folder, { recursive: true, force: true })
  await mkdir(join(folder, 'engine'), { recursive: true })
  for (const path of COPIED) {
    await cp(inRoot(path), join(folder, path), { recursive: true })
  }
  const manifest = join(folder, 'Cargo.toml')
  const members = await readFile(manifest, 'utf8')
  await writeFile(manifest, members.replace(/^members = .*$/m, 'members = ["engine", "hot"]'))
  const source = (/** @type {string} */ file) => join(folder, 'engine', 'src', file)
  for (const [file, places] of locate(bugs)) {
    await writeFile(source(file), rewrite(await readFile(source(file), 'utf8'), places))
  }
  const lib = await readFile(source('lib.rs'), 'utf8')
  await writeFile(source('lib.rs'), `${lib}\nmod planted;\n`)
  await writeFile(source('planted.rs'), SWITCHES)
}

/**
 * Finds the place of every bug; fails with its name where that does not exist exactly once.
 * @param {Bug[]} bugs
 * @param {(file: string) => string} read a file of engine/src
 */
export function locate(bugs, read = readSource) {
  /** @type {Map<string, Place[]>} */
  const files = new Map()
  for (const [number, bug] of bugs.entries()) {
    for (const site of bug.sites) {
      const { start, end } = locateSite(bug, site, read(site.file))
      const places = files.get(site.file) ?? []
      files.set(site.file, places)
      const same = places.find((place) => place.start === start && place.end === end)
      if (!same && places.some((place) => place.start < end && start < place.end)) {
        throw new Failure(`the planted bug "${bug.name}" overlaps another in ${site.file}`)
      }
      const place = same ?? { start, end, plants: [] }
      if (!same) places.push(place)
      place.plants.push({ number, plant: site.plant })
    }
  }
  return files
}

/** @param {string} file */
function readSource(file) {
  return readFileSync(inRoot('engine', 'src', file), 'utf8')
}

/**
 * @param {Bug} bug
 * @param {Site} site
 * @param {string} source
 */
function locateSite(bug, { file, before, find }, source) {
  const lead = before === undefined ? '' : `(?<=${pattern(before)}\\s*)`
  const found = Array.from(source.matchAll(new RegExp(lead + pattern(find), 'g')))
  const [match] = found
  if (!match || found.length > 1) {
    throw new Failure(
      `the place of the planted bug "${bug.name}" occurs ${found.length} times in ` +
        `engine/src/${file}, and should occur once: say in scripts/planted/ where it is now`,
    )
  }
  return { start: match.index, end: match.index + match[0].length }
}

/** @param {string} text */
function pattern(text) {
  const words = text.trim().split(/\s+/)
  return words.map((word) => word.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('\\s+')
}

/**
 * @param {string} source
 * @param {Place[]} places
 */
function rewrite(source, places) {
  const backwards = places.toSorted((a, b) => b.start - a.start)
  let text = source
  for (const { start, end, plants } of backwards) {
    const original = text.slice(start, end)
    const arms = plants.map(({ number, plant }) => `if crate::planted::is(${number}) { ${plant} }`)
    const chosen = `${arms.join(' else ')} else { ${original} }`
    const isStatement = /[;}]$/.test(original)
    text = text.slice(0, start) + (isStatement ? chosen : `(${chosen})`) + text.slice(end)
  }
  return text
}

const SWITCHES = `//! Which planted bug is on.

use std::sync::OnceLock;

static ON: OnceLock<Option<u32>> = OnceLock::new();

pub(crate) fn is(bug: u32) -> bool {
    let on = || std::env::var("${SWITCH}").ok().and_then(|bug| bug.parse().ok());
    *ON.get_or_init(on) == Some(bug)
}
`
