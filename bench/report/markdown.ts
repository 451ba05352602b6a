import { limits } from '../limits/index.js'
import type { PeerName } from '../peers/names.js'
import type { About } from '../peers/peer.js'
import type { Unit } from '../workloads/measure.js'
import { type Figures, figuresOf, format, ratioOf } from './figures.js'
import { type Measure, measures } from './measures.js'
import type { Result } from './result.js'

/** The report as Markdown. */
export function toMarkdown(result: Result, chart: string): string {
  return [
    '# Benchmark',
    introduction(result),
    `![How fast each is, the fastest of each row full width](${chart})`,
    '## Workloads',
    workloadTable(result, comparable(result)),
    readingGuide(result),
    '## Stores that live in memory',
    'They hold all documents there and save them as a whole or not at all: another kind of thing.',
    memoryTable(result),
    '## Not done to the end, and not there',
    partial(result),
    absent(result),
    '## Limits',
    'What the platform, and the form of documents, allow at best; measured in the same run.',
    limitTable(result),
    '## Settings',
    settingsOf(result),
    '',
  ].join('\n\n')
}

function introduction({ settings, machine, documentBytes }: Result): string {
  const place =
    settings.mode === 'main'
      ? 'used from that page by the interface that pages use'
      : 'used inside a worker by the interface that is the fastest there'
  const { before, after } = machine.load
  const busy = Math.max(before, after) > machine.cores
  const lines = [
    `${settings.documents.toLocaleString('en')} documents of about ${Math.round(documentBytes)} ` +
      'bytes as JSON with two secondary indexes, in one browser, each database in a page and an ' +
      `origin of its own, ${place}. ` +
      `Medians of ${settings.rounds} rounds after one that warms up; least and most in brackets.`,
    [
      `- ${machine.browser}, persistent profile on ${machine.disk}`,
      `- ${machine.processor}, ${machine.cores} cores, ${machine.memory}, ${machine.system}`,
      `- load average ${before.toFixed(1)} before and ${after.toFixed(1)} after`,
      `- \`npm run bench -- --documents ${settings.documents} --rounds ${settings.rounds} ` +
        `--seed ${settings.seed} --mode ${settings.mode}\``,
    ].join('\n'),
  ]
  if (busy) {
    lines.push('**The machine was busy with other work: only the ratios mean something.**')
  }
  return lines.join('\n\n')
}

/** Those that keep documents in memory are compared with nobody. */
export function comparable({ settings, peers }: Result): PeerName[] {
  return settings.peers.filter((name) => peers[name] !== undefined && !inMemory(peers[name]))
}

function inMemory(about: About | undefined): boolean {
  return about?.kind === 'memory'
}

function workloadTable(result: Result, shownPeers: readonly PeerName[]): string {
  const [first] = result.settings.peers
  const head = ['workload', 'unit', 'durability', ...shownPeers]
  const rows = chosen(result).map((measure) => [
    measure.title,
    measure.unit,
    measure.writes ?? '',
    ...shownPeers.map((peer) => cell(result, measure, peer)),
    againstBest(result, measure),
    shareOfLimit(result, measure),
  ])
  return table([...head, `${first} against the best other`, 'against the limit'], rows)
}

function memoryTable(result: Result): string {
  const names = result.settings.peers.filter((name) => inMemory(result.peers[name]))
  const rows = chosen(result).map((measure) => [
    measure.title,
    measure.unit,
    ...names.map((peer) => cell(result, measure, peer)),
  ])
  return names.length === 0 ? 'None took part.' : table(['workload', 'unit', ...names], rows)
}

/** `r` marks writes that are less durable than asked for, `p` what was not done to the end. */
function cell(result: Result, { name, writes }: Measure, peer: PeerName): string {
  const figures = shown(valuesOf(result, name, peer))
  if (figures === '') return ''
  const weaker = writes === 'durable' && result.peers[peer]?.kind !== 'durable'
  const marks = [weaker ? 'r' : '', result.partly[name]?.[peer] === undefined ? '' : 'p']
  const text = marks.filter(Boolean).join(', ')
  return text === '' ? figures : `${figures} ${text}`
}

/** The best of the others, which has to be as durable where something is written durably. */
function bestOther(result: Result, { name, unit, writes }: Measure): PeerName | undefined {
  const others = comparable(result)
    .filter((peer) => peer !== result.settings.peers[0])
    .filter((peer) => writes !== 'durable' || result.peers[peer]?.kind === 'durable')
  const median = (peer: PeerName) => valuesOf(result, name, peer)?.median ?? Number.NaN
  const sign = moreIsBetter(unit) ? -1 : 1
  return others
    .filter((peer) => !Number.isNaN(median(peer)))
    .sort((a, b) => sign * (median(a) - median(b)))[0]
}

function againstBest(result: Result, measure: Measure): string {
  const best = bestOther(result, measure)
  if (best === undefined) return ''
  return `${shown(advantage(result, measure, best), 'x')} ${best}`
}

function partial({ partly }: Result): string {
  const lines = Object.entries(partly).flatMap(([measure, peers]) => {
    const { title } = measures.find(({ name }) => name === measure) ?? { title: measure }
    return Object.entries(peers).map(
      ([peer, { done, of }]) => `- ${peer} did ${done} of ${of}: ${title}`,
    )
  })
  return lines.length === 0 ? 'Everyone did everything to the end.' : lines.join('\n')
}

function absent({ absent: reasons }: Result): string {
  const lines = Object.entries(reasons).map(([peer, reason]) => `- ${peer}: ${reason}`)
  return lines.length === 0 ? 'Everyone who was asked took part.' : lines.join('\n')
}

/** How many times as good the first peer is, whichever way is better. */
export function advantage(result: Result, { name, unit }: Measure, peer: string) {
  const own = valuesOf(result, name, result.settings.peers[0])
  const theirs = valuesOf(result, name, peer)
  if (own === undefined || theirs === undefined) return undefined
  const [a, b] = moreIsBetter(unit) ? [own, theirs] : [theirs, own]
  return ratioOf(a.rounds, b.rounds)
}

/** Whether a larger value is the better one. */
export function moreIsBetter(unit: Unit): boolean {
  return unit === 'operations/s'
}

/** The figures of a participant in a workload or limit, if it has any. */
export function valuesOf(result: Result, measure: string, participant: string | undefined) {
  const rounds = result.values[measure]?.[participant as 'limits']
  return rounds === undefined || rounds.length === 0 ? undefined : figuresOf(rounds)
}

/** The rows of a run for which there are figures, in their order. */
export function chosen(result: Result): Measure[] {
  return measures.filter(({ name }) => result.values[name] !== undefined)
}

function shareOfLimit(result: Result, measure: Measure): string {
  const { name } = measure
  const limit = result.settings.mode === 'main' ? measure.limitOnPages : measure.limit
  if (limit === undefined) return ''
  const own = valuesOf(result, name, result.settings.peers[0])
  const best = valuesOf(result, limit.name, 'limits')
  if (own === undefined || best === undefined) return ''
  const each = own.rounds.map((value) => value * limit.each)
  const title = limits.find((one) => one.name === limit.name)?.title
  return `${shown(ratioOf(best.rounds, each), 'x')} the time of: ${title}`
}

function readingGuide({ settings }: Result): string {
  const [first] = settings.peers
  return [
    `A ratio above 1 means that ${first} is better; it is the median of the ratios of the rounds.`,
    'Operations include what the documents cost on their way from and to plain objects. ' +
      'Within a round the databases take turns workload by workload, ' +
      'and who begins changes with every round. A run ends with an error where results differ.',
    'What a database does by itself between calls, such as merging what was written, is not in ' +
      'these figures; it goes on while the others take their turns.',
    'Durable: the write has been synced when its call is done; `r` marks peers that cannot be ' +
      'told to, which are not among the others of such rows. Relaxed: each with its own setting ' +
      'for writes that a loss of power may take, or as always where it has none. ' +
      'A peer that cannot have several writes under way does the puts in flight one by one.',
    `\`p\`: after ${settings.secondsMax} seconds a workload stopped, and the rate is of what was ` +
      'done by then.',
  ].join('\n\n')
}

function limitTable(result: Result): string {
  const rows = limits.map(({ name, title, unit }) => [
    title,
    unit,
    shown(valuesOf(result, name, 'limits')),
  ])
  return table(['limit', 'unit', 'median'], rows)
}

const kinds = {
  durable: 'durable',
  relaxed: 'cannot be made durable',
  memory: 'lives in memory',
}

function settingsOf({ peers }: Result): string {
  return Object.entries(peers)
    .map(([name, { version, settings, durability, kind, relaxes }]) =>
      [
        `**${name}**: ${version}. An acknowledged write has been ${durability}.`,
        '',
        `- ${kinds[kind]}; ${relaxes ? 'has' : 'has no'} setting for relaxed writes`,
        ...settings.map((line) => `- ${line}`),
      ].join('\n'),
    )
    .join('\n\n')
}

function shown(figures: Figures | undefined, unit = ''): string {
  if (figures === undefined) return ''
  const { median, least, most } = figures
  return `**${format(median)}${unit}** (${format(least)}-${format(most)})`
}

function table(head: string[], rows: string[][]): string {
  const line = (cells: string[]) => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}
