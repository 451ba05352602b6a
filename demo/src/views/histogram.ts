// How many cities are how large: counts of ranges of an index, all from one snapshot.
import { card, h, svg } from '../dom.js'
import { compact, count, countryName, literal } from '../format.js'
import type { Session } from '../session.js'

/** The lower ends of the classes, in inhabitants; each reaches to the next. */
const ends = [0, 1, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000, 1_000_000] as const

const labels = ['none', '<2k', '2k', '5k', '10k', '20k', '50k', '100k', '1M']

const height = 120

export class Histogram {
  readonly element: HTMLElement
  private readonly session: Session
  private readonly caption = h('p', { class: 'hint' }, 'Choose a bar to list its cities.')
  private readonly bars: readonly {
    button: HTMLButtonElement
    bar: SVGElement
    value: HTMLElement
  }[]
  private country = ''

  constructor(session: Session, onChoose: (from: number, to: number | undefined) => void) {
    this.session = session
    this.bars = ends.map((from, at) => {
      const bar = svg('rect', { x: 0, width: 10, y: height, height: 0, rx: 1 })
      const picture = svg(
        'svg',
        { viewBox: `0 0 10 ${height}`, preserveAspectRatio: 'none', 'aria-hidden': 'true' },
        bar,
      )
      const value = h('span', { class: 'value' }, '\u2013')
      const label = h('span', { class: 'class' }, labels[at] ?? '')
      const choose = () => onChoose(from, ends[at + 1])
      const button = h('button', { type: 'button', onclick: choose }, value, picture, label)
      return { button, bar, value }
    })
    const chart = h('div', { class: 'bars' }, ...this.bars.map(({ button }) => button))
    this.element = card('histogram', 'Cities by population', chart, this.caption)
    session.onChange(() => this.refresh())
  }

  /** Counts the cities of one country, or of all. */
  show(country: string): void {
    if (country === this.country && this.bars[0]?.value.textContent !== '\u2013') return
    this.country = country
    this.refresh()
  }

  private refresh(): Promise<void> {
    return this.session.attempt(async () => {
      const { country } = this
      const counts = await this.count(country)
      if (country === this.country) this.paint(counts)
    })
  }

  private count(country: string): Promise<number[]> {
    const { db, calls } = this.session
    const path = country === '' ? "'population'" : "['country', 'population']"
    const prefix = country === '' ? '' : `prefix: [${literal(country)}], `
    return calls.run(
      `await db.read((snap) => Promise.all(classes.map(\n  ({ from, to }) => snap.cities.range(` +
        `${path},\n    { ${prefix}gte: from, lt: to }).count())))`,
      () =>
        db.read((snap) =>
          Promise.all(
            ends.map((gte, at) => {
              const lt = ends[at + 1]
              const bounds = lt === undefined ? { gte } : { gte, lt }
              return country === ''
                ? snap.cities.range('population', bounds).count()
                : snap.cities
                    .range(['country', 'population'], { prefix: [country], ...bounds })
                    .count()
            }),
          ),
        ),
      (counts) => `${counts.length} counts from one snapshot`,
    )
  }

  private paint(counts: readonly number[]): void {
    const most = Math.max(...counts, 1)
    for (const [at, { button, bar, value }] of this.bars.entries()) {
      const found = counts[at] ?? 0
      const size = found === 0 ? 0 : Math.max(2, (found / most) * height)
      bar.setAttribute('y', String(height - size))
      bar.setAttribute('height', String(size))
      value.textContent = compact(found)
      button.setAttribute('aria-label', `${count(found)} cities, ${range(at)}`)
      button.disabled = found === 0
    }
    const where = this.country === '' ? 'all countries' : countryName(this.country)
    this.caption.textContent = `In ${where}. Choose a bar to list its cities.`
  }
}

function range(at: number): string {
  const [from = 0, to] = [ends[at], ends[at + 1]]
  if (from === 0) return 'population unknown'
  return to === undefined
    ? `${count(from)} inhabitants or more`
    : `${count(from)} to ${count(to - 1)} inhabitants`
}
