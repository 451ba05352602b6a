// What is shown while there are no cities yet, or not all of them: the import.
import { h } from '../dom.js'
import { count } from '../format.js'
import { importCities, importCode, total } from '../importer.js'
import { type City, type CityDatabase, declarationCode } from '../schema.js'
import { codeBlock } from './code.js'

/** How often the figures change, in milliseconds: figures that race cannot be read. */
const pace = 200

/** What the page around needs to hear. */
export interface ImportEvents {
  onBatch(cities: readonly City[], done: number): void
  onFinish(ms: number, added: number): void
  onError(error: unknown, again: () => void): void
}

export function createWelcome(db: CityDatabase, done: number, events: ImportEvents): HTMLElement {
  const start = h('button', { type: 'button', class: 'primary' })
  const stop = h('button', { type: 'button', hidden: true }, 'Pause')
  const meter = new Meter()
  let running = new AbortController()
  start.textContent = done === 0 ? `Import ${count(total)} cities` : 'Go on with the import'
  meter.show(done)

  async function run(): Promise<void> {
    running = new AbortController()
    start.hidden = true
    stop.hidden = false
    stop.focus()
    const since = performance.now()
    let added = 0
    meter.begin()
    try {
      const onBatch = (cities: readonly City[], at: number) => {
        added += cities.length
        meter.show(at)
        events.onBatch(cities, at)
      }
      await importCities(db, onBatch, running.signal)
      events.onFinish(performance.now() - since, added)
    } catch (error) {
      stop.hidden = true
      start.hidden = false
      start.textContent = 'Go on with the import'
      start.focus()
      if (!running.signal.aborted) events.onError(error, run)
    }
  }

  start.addEventListener('click', run)
  stop.addEventListener('click', () => running.abort())
  const buttons = h('div', { class: 'buttons' }, start, stop)
  return h(
    'div',
    { class: 'welcome' },
    h(
      'section',
      { class: 'card import', 'aria-labelledby': 'import-title' },
      ...text(done),
      meter.element,
      buttons,
    ),
    h(
      'section',
      { class: 'card', 'aria-labelledby': 'code-title' },
      h('h2', { id: 'code-title' }, 'What it takes'),
      codeBlock(declarationCode),
      codeBlock(importCode),
    ),
  )
}

function text(done: number): HTMLElement[] {
  const title = done === 0 ? 'Nothing is stored yet' : 'The import was interrupted'
  const explanation =
    done === 0
      ? 'The import reads a file of 7 MB and writes it in transactions of 500 documents, each of ' +
        'which is on the disk before the next begins. Reload or close the tab meanwhile, if you ' +
        'like: it goes on where it was.'
      : 'Every batch that was acknowledged is there, with the note of how far the import came, ' +
        'because both were written in one transaction.'
  return [h('h2', { id: 'import-title' }, title), h('p', {}, explanation)]
}

/** The progress of the import in a bar, in figures, and now and then aloud. */
class Meter {
  private readonly bar = h('progress', { max: total, value: 0, 'aria-label': 'Import' })
  private readonly figures = h('span', { class: 'figures' })
  private readonly rate = h('span', { class: 'rate' })
  private readonly aloud = h('p', { class: 'hidden', role: 'status' })
  readonly element = h(
    'div',
    { class: 'meter' },
    this.bar,
    h('p', { 'aria-hidden': 'true' }, this.figures, this.rate),
    this.aloud,
  )
  private from = 0
  private since = 0
  private shown = 0
  private said = 0

  /** Counts the rate from here. */
  begin(): void {
    this.since = performance.now()
    this.shown = 0
    this.from = this.bar.value
    this.said = Math.floor((this.bar.value / total) * 10)
  }

  show(done: number): void {
    this.bar.value = done
    const now = performance.now()
    if (now - this.shown < pace && done < total) return
    this.shown = now
    this.figures.textContent = `${count(done)} of ${count(total)}`
    const seconds = (now - this.since) / 1000
    const rate = this.since === 0 ? 0 : (done - this.from) / seconds
    this.rate.textContent = rate > 0 ? `${count(Math.round(rate))} documents per second` : ''
    const tenth = Math.floor((done / total) * 10)
    if (this.since === 0 || tenth === this.said) return
    this.said = tenth
    this.aloud.textContent = `${tenth * 10} % imported`
  }
}
