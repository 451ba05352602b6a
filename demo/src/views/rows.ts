// The rows of the list that exist. An element stays as long as its row is in sight, so that a
// screen reader does not lose the option it is at.
import { h } from '../dom.js'
import { count, countryName } from '../format.js'
import type { City } from '../schema.js'

/** The height of a row in pixels, as the style sheet has it. */
export const rowHeight = 44

/** What a row shows; no city where that is still to come. */
export interface RowState {
  readonly city: City | undefined
  readonly active: boolean
  readonly selected: boolean
}

/** The elements of some successive rows inside the space that all rows take. */
export class Rows {
  readonly element = h('div', { class: 'space', role: 'presentation' })
  private readonly rows = new Map<number, { readonly element: HTMLElement; city?: City }>()
  private length = 0

  /** Shows the rows from `first` to before `end` of `length` rows, each as `state` says. */
  show(first: number, end: number, length: number, state: (at: number) => RowState): void {
    if (length !== this.length) this.clear(length)
    for (const [at, { element }] of this.rows) {
      if (at >= first && at < end) continue
      element.remove()
      this.rows.delete(at)
    }
    let next = this.element.firstElementChild
    for (let at = first; at < end; at += 1) {
      const element = this.row(at, state(at))
      if (element === next) next = next.nextElementSibling
      else this.element.insertBefore(element, next)
    }
  }

  /** The id of a row's element, where it exists. */
  id(at: number): string | undefined {
    return this.rows.get(at)?.element.id
  }

  private clear(length: number): void {
    this.length = length
    this.rows.clear()
    this.element.replaceChildren()
    this.element.style.height = `${length * rowHeight}px`
  }

  private row(at: number, { city, active, selected }: RowState): HTMLElement {
    const row = this.rows.get(at) ?? this.add(at)
    const { element } = row
    if (row.city !== city) {
      element.replaceChildren(...(city === undefined ? [] : cells(city)))
      if (city === undefined) delete row.city
      else row.city = city
    }
    element.classList.toggle('awaited', city === undefined)
    element.classList.toggle('active', active)
    element.setAttribute('aria-selected', String(selected))
    return element
  }

  private add(at: number): { readonly element: HTMLElement; city?: City } {
    const element = h('div', {
      class: 'row',
      id: `row-${at}`,
      role: 'option',
      'aria-setsize': this.length,
      'aria-posinset': at + 1,
      'data-at': at,
    })
    element.style.transform = `translateY(${at * rowHeight}px)`
    const row = { element }
    this.rows.set(at, row)
    return row
  }
}

function cells(city: City): HTMLElement[] {
  const mark = city.edited === undefined ? [] : [h('span', { class: 'badge' }, 'edited')]
  return [
    h('span', { class: 'name' }, h('span', {}, city.name), ...mark),
    h('span', { class: 'country' }, countryName(city.country)),
    h('span', { class: 'number' }, city.population === 0 ? '\u2013' : count(city.population)),
  ]
}
