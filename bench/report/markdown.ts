import { limits } from '../limits/index.js'
import { workloads } from '../workloads/index.js'
import type { Unit } from '../workloads/measure.js'
import type { Workload } from '../workloads/workload.js'
import { type Figures, figuresOf, format, ratioOf } from './figures.js'
import type { Result } from './result.js'

/** The report as Markdown. */
export function toMarkdown(result: Result): string {
  return [
    '# Benchmark',
    introduction(result),
    '![How fast each is, the fastest of each row full width](results.svg)',
    '## Workloads',
    workloadTable(result),
    readingGuide(result),
    '## Limits',
    'What the platform, and the form of documents, allow at best; measured in the same run.',
    limitTable(result),
    '## Settings',
    settingsOf(result),
    '',
  ].join('\n\n')
}

function introduction({ settings, machine, documentBytes }: Result): string {
  const { before, after } = machine.load
  const busy = Math.max(before, after) > machine.cores
  const lines = [
    `${settings.documents.toLocaleString('en')} documents of about ${Math.round(documentBytes)} ` +
      'bytes as JSON with two secondary indexes, in one page of one browser, each database in a ' +
      'worker of its own. ' +
      `Medians of ${settings.rounds} rounds after one that warms up; least and most in brackets.`,
    [
      `- ${machine.browser}, persistent profile on ${machine.disk}`,
      `- ${machine.processor}, ${machine.cores} cores, ${machine.memory}, ${machine.system}`,
      `- load average ${before.toFixed(1)} before and ${after.toFixed(1)} after`,
      `- \`npm run bench -- --documents ${settings.documents} --rounds ${settings.rounds} ` +
        `--seed ${settings.seed}\``,
    ].join('\n'),
  ]
  if (busy) {
    lines.push('**The machine was busy with other work: only the ratios mean something.**')
  }
  return lines.join('\n\n')
}

function workloadTable(result: Result): string {
  const [first, ...others] = result.settings.peers
  const head = ['workload', 'unit', 'durability']
  const peers = result.settings.peers.map((peer) => String(peer))
  const ratios = others.map((peer) => `${first} against ${peer}`)
  const rows = chosen(result).map((workload) => [
    workload.title,
    workload.unit,
    workload.writes ?? 'reads',
    ...result.settings.peers.map((peer) => shown(valuesOf(result, workload.name, peer))),
    ...others.map((peer) => shown(advantage(result, workload, peer), 'x')),
    shareOfLimit(result, workload),
  ])
  return table([...head, ...peers, ...ratios, 'against the limit'], rows)
}

/** How many times as good the first peer is, whichever way is better. */
export function advantage(result: Result, { name, unit }: Workload, peer: string) {
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

/** The workloads of a run, in their order. */
export function chosen(result: Result): Workload[] {
  return workloads.filter(({ name }) => result.settings.workloads.includes(name))
}

function shareOfLimit(result: Result, { name, limit }: Workload): string {
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
    'Durable: the write has been synced when its call is done. A peer that cannot have several ' +
      'writes under way does the puts in flight one by one.',
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

function settingsOf({ peers }: Result): string {
  return Object.entries(peers)
    .map(([name, { version, settings, durability }]) =>
      [
        `**${name}**: ${version}. An acknowledged write has been ${durability}.`,
        '',
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
