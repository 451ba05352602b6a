// The form that asks for cities: by name, by population, by what was edited, or one by its id.
import { countries } from 'virtual:cities'
import { field, h } from '../dom.js'
import { countryName } from '../format.js'
import type { Lookup, Request } from '../lookup.js'

/** How long typing has to rest before it is looked up, in milliseconds. */
const rest = 120

type Mode = Lookup['by']

const modes: readonly [Mode, string][] = [
  ['population', 'Population'],
  ['name', 'Name'],
  ['edited', 'My edits'],
  ['id', 'Id'],
]

export class Finder {
  readonly element: HTMLFormElement
  private readonly radios: readonly HTMLInputElement[]
  private readonly prefix = h('input', {
    type: 'search',
    autocomplete: 'off',
    spellcheck: 'false',
    placeholder: 'for example san',
  })
  private readonly from = populationInput('any')
  private readonly to = populationInput('any')
  private readonly id = h('input', {
    type: 'text',
    autocomplete: 'off',
    spellcheck: 'false',
    placeholder: 'for example 2988507',
  })
  private readonly country = countrySelect('Any country')
  private readonly order = h('button', { type: 'button', class: 'order' })
  private readonly fields: Record<Mode, HTMLElement>
  private readonly onRequest: (request: Request) => void
  private descending = false
  private timer = 0

  /** @param onRequest is called with what is asked for, whenever that changes */
  constructor(onRequest: (request: Request) => void) {
    this.onRequest = onRequest
    this.radios = modes.map(([mode]) =>
      h('input', { type: 'radio', name: 'mode', value: mode, checked: mode === 'population' }),
    )
    this.fields = {
      name: field('Name starts with', this.prefix),
      population: h(
        'div',
        { class: 'pair' },
        field('At least', this.from),
        field('Below', this.to),
      ),
      edited: h('p', { class: 'hint' }, 'Only what was changed here has an entry in this index.'),
      id: field('Id', this.id),
    }
    const tabs = modes.map(([, label], at) =>
      h('label', {}, this.radios[at] ?? '', h('span', {}, label)),
    )
    this.element = h(
      'form',
      { class: 'finder', role: 'search', 'aria-label': 'Look up cities' },
      h('fieldset', { class: 'modes' }, h('legend', { class: 'hidden' }, 'Look up by'), ...tabs),
      h('div', { class: 'criteria' }, ...Object.values(this.fields)),
      h('div', { class: 'narrow' }, field('Country', this.country), this.order),
    )
    this.listen()
    this.arrange()
  }

  /** Asks for what is typed. */
  ask(): void {
    window.clearTimeout(this.timer)
    const lookup = this.lookup()
    if (lookup.by === 'id' && lookup.id === '') return
    this.onRequest({ lookup, descending: this.descending })
  }

  private lookup(): Lookup {
    const { mode } = this
    const country = this.country.value
    switch (mode) {
      case 'name':
        return { by: mode, prefix: this.prefix.value, country }
      case 'population':
        return { by: mode, from: number(this.from), to: number(this.to), country }
      case 'edited':
        return { by: mode }
      case 'id':
        return { by: mode, id: this.id.value.trim() }
    }
  }

  /** The country that is chosen; empty for any. */
  get chosenCountry(): string {
    return this.country.value
  }

  /** Asks for the cities of some size. */
  showPopulation(from: number, to: number | undefined): void {
    this.from.value = String(from)
    this.to.value = to === undefined ? '' : String(to)
    this.mode = 'population'
    this.ask()
  }

  private get mode(): Mode {
    const chosen = this.radios.find(({ checked }) => checked)?.value
    return modes.find(([mode]) => mode === chosen)?.[0] ?? 'name'
  }

  private set mode(mode: Mode) {
    for (const radio of this.radios) radio.checked = radio.value === mode
    this.arrange()
  }

  private listen(): void {
    this.element.addEventListener('submit', (event) => {
      event.preventDefault()
      this.ask()
    })
    for (const radio of this.radios) {
      radio.addEventListener('change', () => {
        this.arrange()
        this.ask()
      })
    }
    for (const input of [this.prefix, this.from, this.to, this.id]) {
      input.addEventListener('input', () => {
        window.clearTimeout(this.timer)
        this.timer = window.setTimeout(() => this.ask(), rest)
      })
    }
    this.country.addEventListener('change', () => this.ask())
    this.order.addEventListener('click', () => {
      this.descending = !this.descending
      this.nameOrder()
      this.ask()
    })
  }

  /** Shows the fields of the mode; large and recent ones come first where people look for those. */
  private arrange(): void {
    const { mode } = this
    for (const [name, element] of Object.entries(this.fields)) element.hidden = name !== mode
    this.country.disabled = mode === 'edited' || mode === 'id'
    this.order.disabled = mode === 'id'
    this.descending = mode !== 'name'
    this.nameOrder()
  }

  private nameOrder(): void {
    const names: Record<Mode, [string, string]> = {
      name: ['A to Z', 'Z to A'],
      population: ['Smallest first', 'Largest first'],
      edited: ['Oldest first', 'Newest first'],
      id: ['A to Z', 'Z to A'],
    }
    const [up, down] = names[this.mode]
    this.order.textContent = this.descending ? `${down} \u2193` : `${up} \u2191`
  }
}

/** A list of all countries by name, with a first entry for none of them. */
export function countrySelect(none: string): HTMLSelectElement {
  const options = countries
    .map((code) => ({ code, name: countryName(code) }))
    .sort((a, b) => a.name.localeCompare(b.name, 'en'))
    .map(({ code, name }) => h('option', { value: code }, name))
  return h('select', {}, h('option', { value: '' }, none), ...options)
}

function populationInput(placeholder: string): HTMLInputElement {
  return h('input', { type: 'number', min: 0, step: 1, inputmode: 'numeric', placeholder })
}

function number(input: HTMLInputElement): number | undefined {
  return input.value === '' || !Number.isFinite(input.valueAsNumber)
    ? undefined
    : input.valueAsNumber
}
