// One city: what is stored about it, and the forms that change, delete and add one.
import { card, facts, field, h } from '../dom.js'
import { coordinates, countryName, literal } from '../format.js'
import { type City, toSearchName } from '../schema.js'
import type { Session } from '../session.js'
import { countrySelect } from './finder.js'

export class Detail {
  readonly element: HTMLElement
  private readonly session: Session
  private readonly body = h('div', { class: 'body' })
  private readonly onLeft: () => void

  /** @param onLeft is called when the form that has the focus goes away */
  constructor(session: Session, onLeft: () => void) {
    this.session = session
    this.onLeft = onLeft
    this.element = card('detail', 'City', this.body)
    session.onSelect((city) => (city === undefined ? this.showNone() : this.show(city)))
    this.showNone()
  }

  /** Shows the form for a new city. */
  add(): void {
    const name = h('input', { type: 'text', required: true, autocomplete: 'off' })
    const country = countrySelect('Choose a country')
    country.required = true
    const population = numberInput({ min: 0, step: 1, value: 1000 })
    const latitude = numberInput({ min: -90, max: 90, step: 'any', value: 46.95 })
    const longitude = numberInput({ min: -180, max: 180, step: 'any', value: 7.45 })
    const form = h(
      'form',
      { 'aria-label': 'New city' },
      field('Name', name),
      field('Country', country),
      field('Population', population),
      h('div', { class: 'pair' }, field('Latitude', latitude), field('Longitude', longitude)),
      h(
        'div',
        { class: 'buttons' },
        h('button', { class: 'primary' }, 'Insert'),
        h('button', { type: 'button', onclick: () => this.showNone() }, 'Cancel'),
      ),
    )
    submits(form, this.session, async () => {
      const city = {
        ...named(name.value),
        country: country.value,
        region: '',
        kind: 'place' as const,
        population: population.valueAsNumber,
        location: { latitude: latitude.valueAsNumber, longitude: longitude.valueAsNumber },
        edited: new Date(),
      }
      await this.insert(city)
    })
    this.body.replaceChildren(form)
    name.focus()
  }

  private showNone(): void {
    const focused = this.focused()
    this.body.replaceChildren(
      h('p', { class: 'hint' }, 'Choose a city in the list: click it, or use the arrow keys.'),
    )
    if (focused !== undefined) this.onLeft()
  }

  private show(city: City): void {
    const focused = this.focused()
    const name = h('input', { name: 'name', type: 'text', required: true, value: city.name })
    const population = numberInput({ name: 'population', min: 0, step: 1, value: city.population })
    const remove = h('button', { type: 'button', class: 'danger' }, 'Delete')
    const save = h('button', { name: 'save', class: 'primary' }, 'Save')
    const form = h(
      'form',
      { 'aria-label': `Edit ${city.name}` },
      field('Name', name),
      field('Population', population),
      h('div', { class: 'buttons' }, save, remove),
    )
    submits(form, this.session, () => this.save(city, name.value, population.valueAsNumber))
    remove.addEventListener('click', () => this.session.attempt(() => this.delete(city)))
    this.body.replaceChildren(stored(city), form)
    // The form is made anew after a write; whoever works by the keyboard stays where they were.
    if (focused !== undefined)
      (focused === 'name' ? name : focused === 'population' ? population : save).focus()
  }

  /** The name of the control that has the focus, if it is one of these. */
  private focused(): string | undefined {
    const { activeElement } = document
    return this.body.contains(activeElement)
      ? (activeElement?.getAttribute('name') ?? '')
      : undefined
  }

  private async save(city: City, name: string, population: number): Promise<void> {
    const { session } = this
    const patch = { ...named(name), population, edited: new Date() }
    const changed = await session.calls.run(
      `await db.cities.update(${literal(city.id)}, {\n  name: ${literal(patch.name)},\n` +
        `  searchName: ${literal(patch.searchName)},\n` +
        `  population: ${population}, edited: new Date(),\n})`,
      () => session.db.cities.update(city.id, patch),
      () => 'stored, and on the disk',
    )
    session.select(changed)
    session.changed()
    session.notices.say(`${changed.name} is stored.`)
  }

  private async delete(city: City): Promise<void> {
    const { session } = this
    await session.calls.run(
      `await db.cities.delete(${literal(city.id)})`,
      () => session.db.cities.delete(city.id),
      (deleted) => `${deleted} deleted`,
    )
    session.select(undefined)
    session.changed()
    const undo = () => session.attempt(() => this.restore(city))
    session.notices.say(`${city.name} is deleted.`, { label: 'Undo', run: undo })
  }

  private async restore(city: City): Promise<void> {
    const { session } = this
    await session.calls.run(
      'await db.cities.insert(city)',
      () => session.db.cities.insert(city),
      (id) => `inserted as ${literal(id)}`,
    )
    session.select(city)
    session.changed()
  }

  private async insert(city: Omit<City, 'id'>): Promise<void> {
    const { session } = this
    const id = await session.calls.run(
      `await db.cities.insert({\n  name: ${literal(city.name)},\n` +
        `  country: ${literal(city.country)}, population: ${city.population}, \u2026\n})`,
      () => session.db.cities.insert(city),
      (assigned) => `inserted as ${literal(assigned)}`,
    )
    session.select({ ...city, id })
    session.changed()
    session.notices.say(`${city.name} is stored.`)
  }
}

/** A name, with what it is looked up by: whoever changes one changes both. */
function named(name: string): Pick<City, 'name' | 'searchName'> {
  const trimmed = name.trim()
  return { name: trimmed, searchName: toSearchName(trimmed) }
}

const kinds: Record<City['kind'], string> = {
  capital: 'capital',
  seat: 'regional seat',
  place: 'populated place',
}

function stored(city: City): HTMLElement {
  const { latitude, longitude } = city.location
  const list = facts(['Id', 'Country', 'Kind', 'Location', 'Edited'])
  const region = city.region === '' ? '' : `, region ${city.region}`
  list.set({
    Id: String(city.id),
    Country: `${countryName(city.country)}${region}`,
    Kind: kinds[city.kind],
    Location: coordinates(latitude, longitude),
    Edited: city.edited === undefined ? 'never' : city.edited.toLocaleString('en'),
  })
  return list.element
}

function numberInput(
  attributes: Readonly<Record<'step' | 'min' | 'max' | 'value', string | number>> | object,
): HTMLInputElement {
  return h('input', { type: 'number', required: true, ...attributes })
}

/** Does `work` when the form is sent; while it runs, the form cannot be sent again. */
export function submits(form: HTMLFormElement, session: Session, work: () => Promise<void>): void {
  let running = false
  form.addEventListener('submit', async (event) => {
    event.preventDefault()
    if (running) return
    running = true
    await session.attempt(work)
    running = false
  })
}
