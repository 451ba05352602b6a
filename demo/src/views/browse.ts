// The page once all cities are there: look up, look at, change.
import { h } from '../dom.js'
import type { Session } from '../session.js'
import { createCare, createFigures } from './care.js'
import { createConsole } from './console.js'
import { Detail } from './detail.js'
import { Finder } from './finder.js'
import { Histogram } from './histogram.js'
import { Results } from './results.js'
import { Transfer } from './transfer.js'

/** The page, and when its first answer is shown. */
interface Browse {
  readonly page: HTMLElement
  readonly shown: Promise<void>
}

/** Makes the page, and asks for its first answer. */
export function createBrowse(session: Session, onRemoved: () => void): Browse {
  const calls = createConsole(session.calls)
  const detail = new Detail(session, () => results.focus())
  const add = () => detail.add()
  const addButton = h('button', { type: 'button', class: 'quiet', onclick: add }, 'Add a city')
  const results = new Results(session, addButton)
  let shown = Promise.resolve()
  const finder = new Finder((request) => {
    shown = results.show(request)
    histogram.show(finder.chosenCountry)
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
    h('div', { class: 'side' }, histogram.element, transfer.element),
    h('div', { class: 'side' }, createFigures(session), createCare(session, onRemoved)),
  )
  finder.ask()
  return { page, shown }
}
