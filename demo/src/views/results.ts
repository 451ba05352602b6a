// The list of what was found. However long it is, only the rows in sight exist.
import { h } from '../dom.js'
import { count, counted } from '../format.js'
import type { Request } from '../lookup.js'
import { answer, type Pages } from '../pages.js'
import type { City } from '../schema.js'
import type { Session } from '../session.js'
import { Rows, rowHeight } from './rows.js'

/** Rows that exist beyond those in sight, at each end. */
const margin = 4

export class Results {
  readonly element: HTMLElement
  private readonly session: Session
  private readonly rows = new Rows()
  private readonly list = h(
    'div',
    { class: 'list', id: 'results', role: 'listbox', tabindex: 0, 'aria-label': 'Cities found' },
    this.rows.element,
  )
  private readonly summary = h('p', { class: 'summary', role: 'status' }, '\u2026')
  private readonly empty = h('p', { class: 'empty', hidden: true })
  private request: Request | undefined
  private pages: Pages | undefined
  private asked = 0
  /** The row that the keyboard is at. */
  private active = 0
  /** Whether that row was chosen, and its city is still to be shown. */
  private awaited = false
  private selected: City['id'] | undefined

  constructor(session: Session, ...actions: readonly HTMLElement[]) {
    this.session = session
    this.element = h(
      'div',
      { class: 'results' },
      h('div', { class: 'bar' }, this.summary, ...actions),
      h('div', { class: 'frame' }, this.list, this.empty),
    )
    this.list.addEventListener('scroll', () => this.paint(), { passive: true })
    this.list.addEventListener('keydown', (event) => this.onKey(event))
    this.list.addEventListener('click', (event) => this.onClick(event))
    new ResizeObserver(() => this.paint()).observe(this.list)
    session.onChange(() => this.refresh())
    session.onSelect((city) => {
      this.selected = city?.id
      this.paint()
    })
  }

  /** Shows what answers a request, from its start. */
  async show(request: Request): Promise<void> {
    this.request = request
    if (!(await this.load(0))) return
    this.active = 0
    this.awaited = false
    this.list.scrollTop = 0
    this.paint()
    // Who asks for one document by its id wants to see it.
    if (request.lookup.by === 'id') this.activate(0)
  }

  /** Takes the focus. */
  focus(): void {
    this.list.focus()
  }

  /** Asks again and stays where it is: after a write the answer may be another one. */
  private async refresh(): Promise<void> {
    if (this.request === undefined) return
    if (!(await this.load(Math.floor(this.list.scrollTop / rowHeight)))) return
    const at = this.selected === undefined ? undefined : this.pages?.find(this.selected)
    this.active = at ?? Math.min(this.active, Math.max(0, (this.pages?.length ?? 0) - 1))
    this.paint()
  }

  /** Whether what came is still what is asked for. */
  private async load(from: number): Promise<boolean> {
    const { request, session } = this
    if (request === undefined) return false
    this.asked += 1
    const asked = this.asked
    let current = false
    await session.attempt(async () => {
      const pages = await answer(session, request, from, from + this.visibleRows())
      current = asked === this.asked
      if (!current) return
      this.pages = pages
      this.say(pages.length, emptyText(request))
    })
    return current
  }

  private say(found: number, nothing: string): void {
    this.summary.textContent = found === 1 ? '1 city' : counted(found, 'city')
    this.empty.hidden = found > 0
    this.empty.textContent = nothing
  }

  private visibleRows(): number {
    return Math.ceil(this.list.clientHeight / rowHeight)
  }

  private paint(): void {
    const { pages } = this
    if (pages === undefined) return
    const top = Math.floor(this.list.scrollTop / rowHeight)
    const first = Math.max(0, top - margin)
    const end = Math.min(pages.length, top + this.visibleRows() + margin)
    let missing = false
    this.rows.show(first, end, pages.length, (at) => {
      const city = pages.row(at)
      missing ||= city === undefined
      const selected = city !== undefined && city.id === this.selected
      return { city, active: at === this.active, selected }
    })
    const activeId = this.rows.id(this.active)
    if (activeId === undefined) this.list.removeAttribute('aria-activedescendant')
    else this.list.setAttribute('aria-activedescendant', activeId)
    if (missing) this.session.attempt(() => pages.want(first, end - 1, () => this.arrived(pages)))
  }

  private arrived(pages: Pages): void {
    if (pages !== this.pages) return
    this.paint()
    this.showAwaited()
  }

  private onClick(event: MouseEvent): void {
    const row = event.target instanceof Element ? event.target.closest('[data-at]') : null
    if (row instanceof HTMLElement) this.activate(Number(row.dataset.at))
  }

  private onKey(event: KeyboardEvent): void {
    const page = Math.max(1, this.visibleRows() - 1)
    const last = (this.pages?.length ?? 1) - 1
    const steps: Record<string, number> = {
      ArrowDown: this.active + 1,
      ArrowUp: this.active - 1,
      PageDown: this.active + page,
      PageUp: this.active - page,
      Home: 0,
      End: last,
      Enter: this.active,
      ' ': this.active,
    }
    const target = steps[event.key]
    if (target === undefined || event.ctrlKey || event.metaKey || event.altKey) return
    event.preventDefault()
    this.activate(Math.min(Math.max(target, 0), last))
  }

  /** Goes to a row and shows its city, as soon as that is there. */
  private activate(at: number): void {
    const { pages } = this
    if (pages === undefined || at < 0 || at >= pages.length) return
    this.active = at
    const top = at * rowHeight
    const below = top + rowHeight - this.list.clientHeight
    if (top < this.list.scrollTop) this.list.scrollTop = top
    else if (below > this.list.scrollTop) this.list.scrollTop = below
    this.awaited = true
    this.paint()
    this.showAwaited()
  }

  private showAwaited(): void {
    const city = this.awaited ? this.pages?.row(this.active) : undefined
    if (city === undefined) return
    this.awaited = false
    this.session.select(city)
  }
}

function emptyText({ lookup }: Request): string {
  switch (lookup.by) {
    case 'edited':
      return 'Nothing was edited here yet: choose a city and change it.'
    case 'name':
      return `No name starts with \u201c${lookup.prefix}\u201d there.`
    case 'id':
      return `No document has the id ${lookup.id}.`
    case 'population': {
      const { from = 0, to } = lookup
      const fewer = to === undefined ? '' : ` and fewer than ${count(to)}`
      return `No city has ${count(from)} inhabitants or more${fewer} there.`
    }
  }
}
