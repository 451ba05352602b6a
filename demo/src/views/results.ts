// The list of what was found. However long it is, only the rows in sight exist.
import { h } from '../dom.js'
import { count, counted, countryName, inhabitants } from '../format.js'
import { access, type Request } from '../lookup.js'
import { Pages } from '../pages.js'
import type { City } from '../schema.js'
import type { Session } from '../session.js'

/** The height of a row in pixels, as the style sheet has it. */
const rowHeight = 44

/** Rows that exist beyond those in sight, at each end. */
const margin = 4

export class Results {
  readonly element: HTMLElement
  private readonly session: Session
  private readonly space = h('div', { class: 'space', role: 'presentation' })
  private readonly list = h(
    'div',
    { class: 'list', id: 'results', role: 'listbox', tabindex: 0, 'aria-label': 'Cities found' },
    this.space,
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
  }

  /** Takes the focus. */
  focus(): void {
    this.list.focus()
  }

  /** Shows one document, or none. */
  showOne(city: City | undefined, asked: string): void {
    this.asked += 1
    this.request = undefined
    this.pages = undefined
    this.selected = city?.id
    this.space.replaceChildren(...(city === undefined ? [] : [this.row(city, 0, 1)]))
    this.space.style.height = `${rowHeight}px`
    this.list.scrollTop = 0
    this.say(city === undefined ? 0 : 1, `No document has the id ${asked}.`)
    if (city !== undefined) this.session.select(city)
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
      const pages = new Pages(access(session.db, request), session.calls)
      await pages.start(from, from + this.visibleRows())
      current = asked === this.asked
      if (!current) return
      this.pages = pages
      this.space.style.height = `${pages.length * rowHeight}px`
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
    const rows: HTMLElement[] = []
    for (let at = first; at < end; at += 1) rows.push(this.row(pages.row(at), at, pages.length))
    this.space.replaceChildren(...rows)
    const activeId = this.active >= first && this.active < end ? `row-${this.active}` : undefined
    if (activeId === undefined) this.list.removeAttribute('aria-activedescendant')
    else this.list.setAttribute('aria-activedescendant', activeId)
    const missing = rows.length > 0 && rows.some((row) => row.classList.contains('awaited'))
    if (missing) this.session.attempt(() => pages.want(first, end - 1, () => this.arrived(pages)))
  }

  private arrived(pages: Pages): void {
    if (pages !== this.pages) return
    this.paint()
    this.showAwaited()
  }

  private row(city: City | undefined, at: number, length: number): HTMLElement {
    const isSelected = city !== undefined && city.id === this.selected
    const classes = ['row']
    if (city === undefined) classes.push('awaited')
    if (at === this.active) classes.push('active')
    return h(
      'div',
      {
        class: classes.join(' '),
        id: `row-${at}`,
        role: 'option',
        'aria-selected': isSelected ? 'true' : 'false',
        'aria-setsize': length,
        'aria-posinset': at + 1,
        'data-at': at,
        style: `transform: translateY(${at * rowHeight}px)`,
      },
      ...(city === undefined ? [] : cells(city)),
    )
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

function cells(city: City): HTMLElement[] {
  const mark = city.edited === undefined ? [] : [h('span', { class: 'badge' }, 'edited')]
  return [
    h('span', { class: 'name' }, h('span', {}, city.name), ...mark),
    h('span', { class: 'country' }, countryName(city.country)),
    h('span', { class: 'number' }, city.population === 0 ? '\u2013' : inhabitants(city.population)),
  ]
}

function emptyText({ lookup }: Request): string {
  if (lookup.by === 'edited') return 'Nothing was edited here yet: choose a city and change it.'
  if (lookup.by === 'name') return `No name starts with \u201c${lookup.prefix}\u201d there.`
  const { from = 0, to } = lookup
  return `No city has ${count(from)} inhabitants or more${to === undefined ? '' : ` and fewer than ${count(to)}`} there.`
}
