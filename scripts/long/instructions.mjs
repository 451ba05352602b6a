// Instructions that each kind of read takes for a document, counted by valgrind. Unlike a time, a
// count does not depend on what else the machine does, so that a read that has got dearer shows.
import { mkdir } from 'node:fs/promises'
import { inRoot } from '../lib/paths.mjs'
import { Failure, run, say, which } from '../lib/run.mjs'

/**
 * What each kind of read may take at most: what it takes, and about a tenth.
 * @type {Record<string, number>}
 */
const LIMITS = {
  get: 5_500,
  get_absent: 2_200,
  get_many: 5_800,
  lookup: 8_200,
  range: 7_400,
  scan: 2_600,
  get_cold: 74_000,
  lookup_cold: 72_000,
}

export default {
  about: 'Instructions of reads',
  run: async () => {
    const valgrind = which('valgrind')
    if (!valgrind) throw new Failure('valgrind counts the instructions: apt-get install valgrind')
    const { documents, instructions } = await count(valgrind, await buildBench())
    /** @type {string[]} */
    const above = []
    for (const [name, limit] of Object.entries(LIMITS)) {
      const each = Math.round(Number(instructions.get(name)) / Number(documents.get(name)))
      if (!(each > 0)) throw new Failure(`the benchmark has not counted ${name}`)
      say(`${name.padEnd(12)} ${each} instructions a document, at most ${limit} are allowed`)
      if (each > limit) above.push(name)
    }
    if (above.length > 0) throw new Failure(`dearer than they were: ${above.join(', ')}`)
  },
}

/** Builds the benchmark with its functions' names in it; returns its path. */
async function buildBench() {
  const args = ['bench', '--locked', '-p', 'entidb', '--bench', 'reads', '--no-run']
  const env = { CARGO_PROFILE_BENCH_DEBUG: 'line-tables-only' }
  const output = await run('cargo', [...args, '--message-format=json'], { env, quiet: true })
  for (const line of output.split('\n').filter((line) => line.startsWith('{'))) {
    const { target, executable } = JSON.parse(line)
    if (target?.name === 'reads' && executable) return String(executable)
  }
  throw new Failure('cargo has built no benchmark `reads`')
}

/**
 * Documents and instructions of each kind of read, by its name.
 * @param {string} valgrind
 * @param {string} program
 */
async function count(valgrind, program) {
  await mkdir(inRoot('build'), { recursive: true })
  const profile = inRoot('build', 'callgrind.reads.out')
  const only = ['--collect-atstart=no', '--toggle-collect=*measured_*']
  const args = ['--tool=callgrind', `--callgrind-out-file=${profile}`, ...only, program]
  const printed = await run(valgrind, args, { quiet: true })
  const annotate = ['--inclusive=yes', '--threshold=100', profile]
  const costs = await run('callgrind_annotate', annotate, { quiet: true })
  /** @type {Map<string, number>} */
  const documents = new Map()
  for (const [, name, n] of printed.matchAll(/^(\w+) (\d+) documents/gm)) {
    documents.set(String(name), Number(n))
  }
  /** @type {Map<string, number>} */
  const instructions = new Map()
  // A function has a line for each file that parts of it come from; the first has all of it.
  for (const [, n, name] of costs.matchAll(/^ *([\d,]+) .*:reads::measured_(\w+)/gm)) {
    const cost = Number(String(n).replaceAll(',', ''))
    instructions.set(String(name), Math.max(cost, instructions.get(String(name)) ?? 0))
  }
  return { documents, instructions }
}
