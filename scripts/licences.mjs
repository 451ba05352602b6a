// Holds every crate to deny.toml, which says which licences are allowed, and every direct
// dependency to the rule that the line above it in its Cargo.toml says why it is there.
// `cargo deny check` reads the same deny.toml and knows advisories too, but needs the network.
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { inRoot } from './lib/paths.mjs'
import { ask, Failure, main, say } from './lib/run.mjs'

/**
 * @typedef {object} Package
 * @property {string} id
 * @property {string} name
 * @property {string} version
 * @property {string | null} license
 * @property {string | null} source
 */

/** Crates come from the public registry alone: no git, no path outside the workspace. */
const registry = 'registry+'

/** Where the crates that reach users say what they need. */
const manifests = ['engine/Cargo.toml', 'hot/Cargo.toml', 'wasm/Cargo.toml']

/** @returns {string} a line that says what was checked */
export function checkLicences() {
  const text = ask('cargo', ['metadata', '--format-version', '1', '--locked'])
  if (!text) throw new Failure('`cargo metadata --locked` failed: is Cargo.lock up to date?')
  /** @type {{ packages: Package[], workspace_members: string[] }} */
  const { packages, workspace_members: own } = JSON.parse(text)
  const allowed = allowedLicences(readFileSync(inRoot('deny.toml'), 'utf8'))
  const foreign = packages.filter((crate) => !own.includes(crate.id))
  const direct = manifests.map((path) => dependencies(readFileSync(inRoot(path), 'utf8')))
  const problems = [
    ...foreign.flatMap((crate) => problemsOf(crate, allowed)),
    ...direct
      .flat()
      .filter(({ why }) => !why)
      .map(({ name }) => `${name}: the line above it in Cargo.toml must say why it is needed`),
  ]
  for (const problem of problems) say(problem)
  if (problems.length > 0) throw new Failure(`${problems.length} problems with dependencies`)
  const names = new Set(direct.flat().map(({ name }) => name))
  return `${names.size} direct dependencies, ${foreign.length} crates in all`
}

/**
 * @param {Package} crate
 * @param {Set<string>} allowed
 */
function problemsOf(crate, allowed) {
  const problems = []
  const label = `${crate.name} ${crate.version}`
  if (!crate.source?.startsWith(registry)) problems.push(`${label} comes from ${crate.source}`)
  if (!crate.license) problems.push(`${label} states no licence`)
  else if (!satisfies(crate.license, allowed)) {
    problems.push(`${label} is under ${crate.license}, which deny.toml does not allow`)
  }
  return problems
}

/**
 * Whether an SPDX expression can be met by allowed licences; `/` is an old spelling of OR.
 * @param {string} expression
 * @param {Set<string>} allowed
 * @returns {boolean}
 */
export function satisfies(expression, allowed) {
  const tokens = expression.replaceAll('/', ' OR ').match(/\(|\)|[^\s()]+/g) ?? []
  let at = 0
  /** @returns {boolean} */
  const either = () => {
    let met = both()
    while (tokens[at] === 'OR') {
      at += 1
      const other = both()
      met ||= other
    }
    return met
  }
  /** @returns {boolean} */
  const both = () => {
    let met = single()
    while (tokens[at] === 'AND') {
      at += 1
      const other = single()
      met &&= other
    }
    return met
  }
  /** @returns {boolean} */
  const single = () => {
    if (tokens[at] === '(') {
      at += 1
      const met = either()
      at += 1
      return met
    }
    let name = tokens[at++] ?? ''
    if (tokens[at] === 'WITH') {
      name += ` WITH ${tokens[at + 1]}`
      at += 2
    }
    return allowed.has(name)
  }
  return either()
}

/**
 * The direct dependencies that reach users, and whether a comment says why.
 * @param {string} manifest the text of a Cargo.toml
 */
export function dependencies(manifest) {
  const found = []
  let section = ''
  let before = ''
  for (const line of manifest.split('\n')) {
    section = /^\[(.+)\]$/.exec(line)?.[1] ?? section
    const name =
      /^\[(?:target\..+\.)?dependencies\.([\w-]+)\]$/.exec(line)?.[1] ??
      (/^(target\..+\.)?dependencies$/.test(section) && /^([\w-]+)(\.\w+)? = /.exec(line)?.[1])
    if (name && name !== 'entidb') found.push({ name, why: before.startsWith('# ') })
    before = line
  }
  return found
}

/** @param {string} text of deny.toml */
function allowedLicences(text) {
  const list = /^\[licenses\][^[]*?^allow = \[([^\]]*)\]/m.exec(text)?.[1] ?? ''
  return new Set(Array.from(list.matchAll(/"([^"]+)"/g), ([, name]) => String(name)))
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main(async () => say(checkLicences()))
