// A transaction one can watch: people move from one city to another, or nothing happens at all.
import { card, field, h } from '../dom.js'
import { count, countryName, literal } from '../format.js'
import { type City, toSearchName } from '../schema.js'
import type { Session } from '../session.js'
import { codeBlock } from './code.js'
import { submits } from './detail.js'

/** How many suggestions are offered while a name is typed. */
const suggestions = 8

/** What is thrown where the transaction is to fail half way; no fault of the database. */
class Interrupted extends Error {}

export class Transfer {
  readonly element: HTMLElement
  private readonly session: Session
  private readonly options = h('datalist', { id: 'targets' })
  private readonly target = h('input', {
    type: 'text',
    list: 'targets',
    required: true,
    autocomplete: 'off',
    placeholder: 'type a name',
  })
  private readonly amount = h('input', {
    type: 'number',
    min: 1,
    step: 1,
    value: 1000,
    required: true,
  })
  private readonly fails = h('input', { type: 'checkbox' })
  private readonly source = h('output', { class: 'source' }, 'Choose a city in the list')
  private readonly outcome = h('p', { class: 'outcome', role: 'status' })
  private readonly move = h('button', { class: 'primary', disabled: true }, 'Move them')
  private readonly offered = new Map<string, City>()
  private from: City | undefined

  constructor(session: Session) {
    this.session = session
    const form = h(
      'form',
      {},
      field('From', this.source),
      field('To', this.target),
      this.options,
      field('Inhabitants', this.amount),
      h(
        'label',
        { class: 'check' },
        this.fails,
        h('span', {}, 'Throw after the first of both writes'),
      ),
      h('div', { class: 'buttons' }, this.move),
      this.outcome,
    )
    submits(form, session, () => this.run())
    this.target.addEventListener('input', () => session.attempt(() => this.suggest()))
    this.element = card('transfer', 'Move people, in one transaction', form, codeBlock(code))
    session.onSelect((city) => this.choose(city))
  }

  private choose(city: City | undefined): void {
    if (city?.id !== this.from?.id) this.outcome.textContent = ''
    this.from = city
    this.source.textContent = city === undefined ? 'Choose a city in the list' : label(city)
    this.move.disabled = city === undefined
  }

  /** Offers the cities whose names start as what is typed. */
  private async suggest(): Promise<void> {
    const typed = this.target.value
    const prefix = toSearchName(typed)
    this.target.setCustomValidity('')
    if (prefix.length < 2 || this.offered.has(typed)) return
    const { db } = this.session
    const found = await db.cities.range('searchName', { prefix }).take(suggestions).toArray()
    if (this.target.value !== typed) return
    this.offered.clear()
    for (const city of found) this.offered.set(label(city), city)
    this.options.replaceChildren(...[...this.offered.keys()].map((value) => h('option', { value })))
  }

  private async run(): Promise<void> {
    const { from } = this
    if (from === undefined) return
    const to = await this.findTarget()
    if (to === undefined || to.id === from.id) {
      this.outcome.textContent =
        to === undefined
          ? 'No city has that name: choose one that is offered.'
          : 'Both are the same city.'
      this.target.focus()
      return
    }
    try {
      const moved = await this.transact(from, to)
      this.session.select(moved.from)
      this.outcome.textContent =
        `Committed: ${moved.from.name} has ${count(moved.from.population)}, ${moved.to.name} ` +
        `has ${count(moved.to.population)}. The sum is what it was.`
    } catch (error) {
      if (!(error instanceof Interrupted)) throw error
      await this.showRolledBack(from)
    }
    this.session.changed()
  }

  private async findTarget(): Promise<City | undefined> {
    const offered = this.offered.get(this.target.value)
    if (offered !== undefined) return offered
    const searchName = toSearchName(this.target.value.trim())
    return this.session.db.cities.findBy('searchName', searchName).first()
  }

  private transact(from: City, to: City): Promise<{ from: City; to: City }> {
    const { db, calls } = this.session
    const amount = this.amount.valueAsNumber
    const fails = this.fails.checked
    const edited = new Date()
    const updates = [`update(${literal(from.id)}, less)`, `update(${literal(to.id)}, more)`]
    const lines = updates.map((update) => `  await tx.cities.${update}\n`)
    return calls.run(
      `await db.transaction(async (tx) => {\n${lines.join(fails ? '  throw new Error()\n' : '')}})`,
      () =>
        db.transaction(async (tx) => {
          const less = await tx.cities.update(from.id, (city) => {
            if (city.population < amount) throw new TooFew(city)
            return { ...city, population: city.population - amount, edited }
          })
          if (fails) throw new Interrupted('thrown on purpose: everything is rolled back')
          const more = await tx.cities.update(to.id, (city) => {
            return { ...city, population: city.population + amount, edited }
          })
          return { from: less, to: more }
        }),
      () => 'both written, or none',
    )
  }

  /** Reads the city again, so that what is said is what is stored. */
  private async showRolledBack(from: City): Promise<void> {
    const now = await this.session.db.cities.get(from.id)
    if (now === undefined) return
    this.session.select(now)
    this.outcome.textContent =
      `Rolled back: ${now.name} still has ${count(now.population)}, ` +
      'although the first write had been made.'
  }
}

/** Nobody can leave a city who is not there. */
class TooFew extends Error {
  constructor({ name, population }: City) {
    super(`${name} has ${count(population)} inhabitants: move fewer of them, or from another city`)
  }
}

const label = ({ name, country, population }: City) =>
  `${name}, ${countryName(country)} (${count(population)})`

const code = `await db.transaction(async (tx) => {
  await tx.cities.update(a, less)
  if (fails) throw new Error()
  await tx.cities.update(b, more)
})

const less = (city: City) => ({
  ...city,
  population: city.population - n,
})
const more = (city: City) => ({
  ...city,
  population: city.population + n,
})`
