// The page once all cities are there: look up, look at, change.
import { h } from '../dom.js'
import { counted, literal } from '../format.js'
import type { City } from '../schema.js'
import type { Session } from '../session.js'
import { createCare, createFigures } from './care.js'
import { createConsole } from './console.js'
import { Detail } from './detail.js'
import { Finder } from './finder.js'
import { Histogram } from './histogram.js'
import { Results } from './results.js'
import { Transfer } from './transfer.js'

/** Makes the page, and asks for its first answer. */
export function createBrowse(session: Session, onRemoved: () => void): HTMLElement {
  const calls = createConsole(session.calls)
  const detail = new Detail(session, () => results.focus())
  const add = () => detail.add()
  const addButton = h('button', { type: 'button', class: 'quiet', onclick: add }, 'Add a city')
  const results = new Results(session, addButton)
  const finder = new Finder({
    onRequest: (request) => {
      results.show(request)
      histogram.show(finder.chosenCountry)
    },
    onId: (id) => session.attempt(async () => results.showOne(await lookUp(session, id), id)),
  })
  const histogram = new Histogram(session, (from, to) => {
    finder.showPopulation(from, to)
    finder.element.scrollIntoView({ block: 'nearest' })
  })
  const transfer = new Transfer(session)
  const heading = h('h2', { id: 'find-title' }, 'Look up by index')
  const find = h(
    'section',
    { class: 'card find', 'aria-labelledby': 'find-title' },
    heading,
    finder.element,
    results.element,
  )
  const page = h(
    'div',
    { class: 'browse' },
    find,
    h('div', { class: 'side' }, detail.element, calls),
    h('div', { class: 'side' }, histogram.element, createFigures(session)),
    h('div', { class: 'side' }, transfer.element, createCare(session, onRemoved)),
  )
  finder.ask()
  return page
}

/** Ids of the import are numbers, those that were made here are strings. */
function lookUp({ db, calls }: Session, typed: string): Promise<City | undefined> {
  const id = /^\d+$/.test(typed) ? Number(typed) : typed
  return calls.run(
    `await db.cities.get(${literal(id)})`,
    () => db.cities.get(id),
    (city) => (city === undefined ? 'undefined' : counted(1, 'document')),
  )
}
