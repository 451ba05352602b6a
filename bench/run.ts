import { writeFile } from 'node:fs/promises'
import type { Page } from '@playwright/test'
import { inRoot } from '../scripts/lib/paths.mjs'
import { Failure, say, seconds } from '../scripts/lib/run.mjs'
import { createProfile, launch, removeProfile } from '../tests/harness/browser.js'
import { startServer } from '../tests/harness/server.js'
import { bundlePage, packageFolder, pageFolder } from './bundle.js'
import { makeOrders } from './data/orders.js'
import { limits } from './limits/index.js'
import { currentLoad, lookAtMachine } from './machine.js'
import type { Data, Participant, Replies, Request } from './page/protocol.js'
import { toSvg } from './report/chart.js'
import { toMarkdown } from './report/markdown.js'
import type { Result } from './report/result.js'
import type { Settings } from './settings.js'
import type { Outcome } from './workloads/measure.js'

export { readSettings, USAGE } from './settings.js'

/** Runs the benchmark and writes `results.md`, `results.svg` and `results.raw.json`. */
export async function bench(settings: Settings): Promise<void> {
  await bundlePage()
  const folders: [string, string][] = [
    ['/dist/', packageFolder],
    ['/', pageFolder],
  ]
  const server = await startServer(folders)
  const profile = await createProfile()
  try {
    const context = await launch(profile, server.origin)
    const page = context.pages()[0] ?? (await context.newPage())
    await page.goto('/')
    const browser = `${context.browser()?.version() ?? 'Chromium'}`
    const machine = lookAtMachine(profile, `Chromium ${browser}, headless`)
    const result = await new Run(page, settings, machine).carryOut()
    await context.close()
    await write(result)
  } finally {
    await removeProfile(profile)
    await server.close()
  }
}

/** One run: its workers, and what they measured so far. */
class Run {
  readonly #page: Page
  readonly #settings: Settings
  readonly #result: Result
  readonly #participants: readonly Participant[]

  constructor(page: Page, settings: Settings, machine: Result['machine']) {
    this.#page = page
    this.#settings = settings
    this.#participants = [...settings.peers, 'limits']
    this.#result = { settings, machine, peers: {}, documentBytes: 0, values: {} }
  }

  async carryOut(): Promise<Result> {
    await this.#load()
    for (let round = 0; round <= this.#settings.rounds; round++) {
      const start = Date.now()
      await this.#round(round)
      const name = round === 0 ? 'warm-up' : `round ${round} of ${this.#settings.rounds}`
      say(`bench: ${name}: ${seconds(start)}`)
    }
    this.#result.machine.load.after = currentLoad()
    return this.#result
  }

  async #load(): Promise<void> {
    const data: Data = { seed: this.#settings.seed, documents: this.#settings.documents }
    for (const participant of this.#participants) {
      const about = await this.#ask(participant, { call: 'load', participant, data })
      if (about !== undefined) this.#result.peers[participant] = about
    }
    const sample = makeOrders(data.seed, 1_000)
    const bytes = sample.reduce((sum, order) => sum + JSON.stringify(order).length, 0)
    this.#result.documentBytes = bytes / sample.length
  }

  /** Round 0 warms up. Whoever begins does so in every workload of the round. */
  async #round(round: number): Promise<void> {
    const shift = round % this.#participants.length
    const order = [...this.#participants.slice(shift), ...this.#participants.slice(0, shift)]
    for (const participant of order) await this.#ask(participant, { call: 'begin' })
    for (const workload of this.#settings.workloads) {
      const outcomes = new Map<Participant, Outcome>()
      for (const participant of order) {
        if (participant === 'limits') continue
        const request = { call: 'run', measure: workload, round } as const
        outcomes.set(participant, await this.#ask(participant, request))
      }
      compare(workload, outcomes)
      for (const [participant, outcome] of outcomes) {
        this.#note(round, workload, participant, outcome)
      }
    }
    for (const { name } of limits) {
      const outcome = await this.#ask('limits', { call: 'run', measure: name, round })
      this.#note(round, name, 'limits', outcome)
    }
    for (const participant of order) await this.#ask(participant, { call: 'end' })
  }

  #note(round: number, measure: string, participant: Participant, outcome: Outcome): void {
    if (round === 0) return
    const values = this.#result.values
    values[measure] ??= {}
    values[measure][participant] ??= []
    values[measure][participant].push(outcome.value)
  }

  #ask<R extends Request>(participant: Participant, request: R): Promise<Replies[R['call']]> {
    return this.#page.evaluate(
      async (input) => (await import(`${location.origin}/page.js`)).ask(input),
      { participant, request },
    )
  }
}

/** Whoever got other results did other work, and then no figure means anything. */
function compare(workload: string, outcomes: ReadonlyMap<Participant, Outcome>): void {
  const checksums = [...outcomes].map(([name, { checksum }]) => `${name} ${checksum ?? ''}`)
  const different = new Set([...outcomes.values()].map(({ checksum }) => checksum))
  if (different.size <= 1) return
  throw new Failure(`${workload}: the results differ: ${checksums.join(', ')}`)
}

async function write(result: Result): Promise<void> {
  await writeFile(inRoot('bench', 'results.md'), toMarkdown(result))
  await writeFile(inRoot('bench', 'results.svg'), toSvg(result))
  const raw = `${JSON.stringify(result, undefined, 2)}\n`
  await writeFile(inRoot('bench', 'results.raw.json'), raw)
  say('bench: bench/results.md, bench/results.svg and bench/results.raw.json are written')
}
