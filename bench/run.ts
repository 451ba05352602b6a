import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { BrowserContext } from '@playwright/test'
import { inRoot } from '../scripts/lib/paths.mjs'
import { Failure, say, seconds } from '../scripts/lib/run.mjs'
import { createProfile, launch, removeProfile } from '../tests/harness/browser.js'
import { startServer } from '../tests/harness/server.js'
import { bundlePage, packageFolder, pageFolder } from './bundle.js'
import { makeOrders } from './data/orders.js'
import { limits } from './limits/index.js'
import { currentLoad, lookAtMachine } from './machine.js'
import type { Data, Participant } from './page/protocol.js'
import { ParticipantPage } from './participant.js'
import { PEER_NAMES } from './peers/names.js'
import { toSvg } from './report/chart.js'
import { toMarkdown } from './report/markdown.js'
import { DOWNLOAD, OPEN_COLD } from './report/measures.js'
import type { Result } from './report/result.js'
import type { Settings } from './settings.js'
import { workloads } from './workloads/index.js'
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
    const browser = `${context.browser()?.version() ?? 'Chromium'}`
    const machine = lookAtMachine(profile, `Chromium ${browser}, headless`)
    const port = Number(new URL(server.origin).port)
    const result = await new Run(context, port, settings, machine).carryOut()
    await context.close()
    await write(result)
  } finally {
    await removeProfile(profile)
    await server.close()
  }
}

/** One run: its participants, and what they measured so far. */
class Run {
  readonly #context: BrowserContext
  readonly #port: number
  readonly #settings: Settings
  readonly #data: Data
  readonly #result: Result
  #pages: ParticipantPage[] = []

  constructor(
    context: BrowserContext,
    port: number,
    settings: Settings,
    machine: Result['machine'],
  ) {
    this.#context = context
    this.#port = port
    this.#settings = settings
    const { seed, documents, secondsMax } = settings
    this.#data = { seed, documents, secondsMax }
    const found = { peers: {}, absent: {}, values: {}, partly: {} }
    this.#result = { settings, machine, documentBytes: meanBytes(seed), ...found }
  }

  async carryOut(): Promise<Result> {
    const participants: Participant[] = [...this.#settings.peers, 'limits']
    this.#pages = await Promise.all(
      participants.map((name) => ParticipantPage.create(this.#context, this.#port, name)),
    )
    for (let round = 0; round <= this.#settings.rounds; round++) {
      const start = Date.now()
      await this.#round(round)
      const name = round === 0 ? 'warm-up' : `round ${round} of ${this.#settings.rounds}`
      say(`bench: ${name}: ${seconds(start)}`)
    }
    await this.#noteDownloads()
    this.#result.machine.load.after = currentLoad()
    return this.#result
  }

  /** Round 0 warms up. Whoever begins does so in every workload of the round. */
  async #round(round: number): Promise<void> {
    const shift = round % this.#pages.length
    const order = [...this.#pages.slice(shift), ...this.#pages.slice(0, shift)]
    for (const page of order) await this.#guarded(page, () => this.#begin(page, round))
    for (const name of this.#settings.workloads) {
      const { onPages } = workloads.find((one) => one.name === name) ?? { onPages: false }
      if (this.#settings.mode === 'main' && !onPages) continue
      await this.#workload(round, name, order)
    }
    for (const page of order.filter(({ name }) => name === 'limits')) {
      for (const { name, onPages } of limits) {
        if (this.#settings.mode === 'main' && !onPages) continue
        const outcome = await page.ask({ call: 'run', measure: name, round })
        this.#note(round, name, 'limits', outcome)
      }
    }
    for (const page of this.#taking(order)) {
      await this.#guarded(page, () => page.ask({ call: 'end' }))
    }
  }

  async #begin(page: ParticipantPage, round: number): Promise<void> {
    const { about, milliseconds } = await page.start(this.#settings.mode)
    if (about !== undefined) {
      const { documentsMax = Number.POSITIVE_INFINITY } = about
      this.#result.peers[page.name] = about
      this.#note(round, OPEN_COLD.name, page.name, { value: milliseconds })
      if (this.#settings.documents > documentsMax) {
        throw new Error(`takes no part with more than ${documentsMax} documents`)
      }
    }
    await page.ask({ call: 'begin', data: this.#data })
  }

  async #workload(round: number, name: string, order: ParticipantPage[]): Promise<void> {
    const outcomes = new Map<Participant, Outcome>()
    for (const page of this.#taking(order)) {
      if (page.name === 'limits') continue
      await this.#guarded(page, async () => {
        outcomes.set(page.name, await page.ask({ call: 'run', measure: name, round }))
      })
    }
    compare(name, outcomes)
    for (const [participant, outcome] of outcomes) this.#note(round, name, participant, outcome)
  }

  /** A peer that fails is out of the run and the report says why; ours must not fail. */
  async #guarded(page: ParticipantPage, work: () => Promise<unknown>): Promise<void> {
    try {
      await work()
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error)
      if (page.name === PEER_NAMES[0] || page.name === 'limits') throw error
      say(`bench: ${page.name} is out: ${message}`)
      this.#result.absent[page.name] = message.split('\n')[0] ?? ''
      this.#pages = this.#pages.filter((other) => other !== page)
      await page.close()
    }
  }

  /** Those that are still in. */
  #taking(order: ParticipantPage[]): ParticipantPage[] {
    return order.filter((page) => this.#pages.includes(page))
  }

  #note(round: number, measure: string, participant: Participant, outcome: Outcome): void {
    if (round === 0) return
    const { values, partly } = this.#result
    values[measure] ??= {}
    values[measure][participant] ??= []
    values[measure][participant].push(outcome.value)
    if (outcome.partly === undefined) return
    partly[measure] ??= {}
    partly[measure][participant] = outcome.partly
  }

  /** What everyone's page loads to measure with is not counted. */
  async #noteDownloads(): Promise<void> {
    const shared = this.#pages.find(({ name }) => name === 'limits')?.loaded ?? new Set()
    for (const page of this.#pages) {
      if (page.name === 'limits') continue
      const value = await page.downloadKilobytes(shared)
      for (let round = 1; round <= this.#settings.rounds; round++) {
        this.#note(round, DOWNLOAD.name, page.name, { value })
      }
    }
  }
}

function meanBytes(seed: number): number {
  const sample = makeOrders(seed, 1_000)
  return sample.reduce((sum, order) => sum + JSON.stringify(order).length, 0) / sample.length
}

/** Whoever got other results did other work, and then no figure means anything. */
function compare(workload: string, outcomes: ReadonlyMap<Participant, Outcome>): void {
  const checksums = [...outcomes].map(([name, { checksum }]) => `${name} ${checksum ?? ''}`)
  const different = new Set([...outcomes.values()].map(({ checksum }) => checksum))
  if (different.size <= 1) return
  throw new Failure(`${workload}: the results differ: ${checksums.join(', ')}`)
}

async function write(result: Result): Promise<void> {
  const { folder, mode } = result.settings
  const name = mode === 'main' ? 'results-main' : 'results'
  const files = {
    [`${name}.md`]: toMarkdown(result, `${name}.svg`),
    [`${name}.svg`]: toSvg(result),
    [`${name}.raw.json`]: `${JSON.stringify(result, undefined, 2)}\n`,
  }
  await mkdir(inRoot(folder), { recursive: true })
  for (const [file, text] of Object.entries(files)) {
    await writeFile(join(inRoot(folder), file), text)
    say(`bench: ${join(folder, file)} is written`)
  }
}
