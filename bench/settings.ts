import { parseArgs } from 'node:util'
import { Failure } from '../scripts/lib/run.mjs'
import { MODES, type Mode } from './page/protocol.js'
import { PEER_NAMES, type PeerName } from './peers/names.js'
import { workloads } from './workloads/index.js'

/** What a run is about. */
export interface Settings {
  /** Documents that are loaded in each round. */
  documents: number
  /** Rounds that count; one more comes first and does not. */
  rounds: number
  seed: number
  peers: PeerName[]
  /** Names of workloads. Bulk insert is always done: the others need its documents. */
  workloads: string[]
  /** How the peers are used. */
  mode: Mode
  /** After so many seconds a workload stops, where it can be stopped. */
  secondsMax: number
  /** Where the report goes. */
  folder: string
}

export const USAGE = `npm run bench -- [options]
  --documents <n>    documents that are loaded, 100 to 1,000,000 (default 10,000)
  --rounds <n>       rounds that count, 1 to 100 (default 5)
  --seed <n>         of the documents and of what is asked (default 1)
  --peers <a,b>      of ${PEER_NAMES.join(', ')} (default all)
  --workloads <a,b>  of ${workloads.map(({ name }) => name).join(', ')} (default all)
  --mode <mode>      worker: everyone in a worker of the benchmark (default);
                     main: from the page, by the interface that pages use
  --seconds <n>      after which a workload stops and says how far it came, 1 to 600 (default 5)
  --out <folder>     where the report goes (default bench)
  --native           compares native engines over files instead; \`--native --help\` says how`

/** Reads the command line; what it does not understand is a `Failure` that shows the usage. */
export function readSettings(args: string[]): Settings {
  const values = parse(args)
  const names = workloads.map(({ name }) => name)
  return {
    documents: wholeNumber('documents', values.documents, 100, 1_000_000),
    rounds: wholeNumber('rounds', values.rounds, 1, 100),
    seed: wholeNumber('seed', values.seed, 0, 0xffff_ffff),
    peers: choose('peers', values.peers, PEER_NAMES),
    workloads: names.filter((name) =>
      ['bulk-insert', ...choose('workloads', values.workloads, names)].includes(name),
    ),
    mode: choose('mode', values.mode, MODES)[0] ?? 'worker',
    secondsMax: wholeNumber('seconds', values.seconds, 1, 600),
    folder: values.out,
  }
}

function parse(args: string[]) {
  const text = (value: string) => ({ type: 'string', default: value }) as const
  const options = {
    documents: text('10000'),
    rounds: text('5'),
    seed: text('1'),
    peers: text(''),
    workloads: text(''),
    mode: text('worker'),
    seconds: text('5'),
    out: text('bench'),
  }
  try {
    return parseArgs({ args, options }).values
  } catch (error) {
    throw new Failure(`${(error as Error).message}\n${USAGE}`)
  }
}

function wholeNumber(name: string, text: string, least: number, most: number): number {
  const value = Number(text)
  if (Number.isInteger(value) && value >= least && value <= most) return value
  throw new Failure(`--${name} is a whole number from ${least} to ${most}, not ${text}\n${USAGE}`)
}

function choose<T extends string>(name: string, text: string, all: readonly T[]): T[] {
  if (text === '') return [...all]
  const chosen = text.split(',')
  const unknown = chosen.find((one) => !(all as readonly string[]).includes(one))
  if (unknown !== undefined) throw new Failure(`--${name}: there is no '${unknown}'\n${USAGE}`)
  return all.filter((one) => chosen.includes(one))
}
