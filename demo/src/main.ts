// Opens the database, and shows the page that fits what is in it.
import { type Progress, remove, version } from 'entidb'
import { CallLog } from './calls.js'
import { h } from './dom.js'
import { count, counted, duration } from './format.js'
import { imported, total } from './importer.js'
import { type CityDatabase, databaseName, openCities } from './schema.js'
import { Session } from './session.js'
import { nextTurn } from './turn.js'
import { createBrowse } from './views/browse.js'
import { WorldMap } from './views/map.js'
import { Notices } from './views/notices.js'
import { createWelcome } from './views/welcome.js'
import './styles/base.css'
import './styles/layout.css'
import './styles/parts.css'
import './styles/browse.css'

/** Cities that are drawn before whoever types or scrolls has their turn. */
const slice = 500

const main = byId('main')
const state = byId('state')
const notices = new Notices()
const map = new WorldMap()

byId('map').append(map.element)
document.body.append(notices.element)
byId('version').textContent = `EntiDB ${version().library}, format ${version().format}`
start()

/** Opens the database; what stands in the way is shown, and can be tried again. */
async function start(): Promise<void> {
  main.replaceChildren(h('p', { class: 'opening' }, 'Opening\u2026'))
  try {
    const since = performance.now()
    const db = await openCities(showProgress)
    const ms = performance.now() - since
    const [documents, done] = await Promise.all([db.cities.count(), imported(db)])
    state.replaceChildren(
      h('strong', {}, counted(documents, 'document')),
      ` opened in ${duration(ms)}`,
    )
    db.on('error', (error) => notices.fail(error))
    if (done < total) welcome(db, done)
    else browse(new Session(db, new CallLog(), notices))
  } catch (error) {
    showFailure(error)
  }
}

function showProgress({ phase, done, total: all }: Progress): void {
  state.textContent = `${phase}: ${count(done)} of ${count(all)}`
}

function welcome(db: CityDatabase, done: number): void {
  const session = new Session(db, new CallLog(), notices)
  map.clear()
  map.describe('The map is drawn by the cities as they are stored.')
  if (done > 0) drawWorld(session)
  const page = createWelcome(db, done, {
    onBatch: (cities) => map.add(cities),
    onFinish: (ms, added) => {
      const rate = count(Math.round((added / ms) * 1000))
      const text = `${counted(added, 'document')} stored in ${duration(ms)}: ${rate} per second`
      state.textContent = text
      notices.say(`${text}. Reload the page: they are still there.`)
      browse(session, false)
    },
    onError: (error, again) => notices.fail(error, again),
  })
  main.replaceChildren(page)
}

function browse(session: Session, draw = true): void {
  const { page, shown } = createBrowse(session, () => {
    map.clear()
    notices.say('The database is deleted.')
    start()
  })
  main.replaceChildren(page)
  session.onSelect((city) => map.mark(city))
  if (draw) shown.then(() => drawWorld(session))
}

/** Draws the map from the database, page by page while the rest is used. */
function drawWorld(session: Session): Promise<void> {
  return session.attempt(async () => {
    map.clear()
    const since = performance.now()
    let drawn = 0
    for await (const city of session.db.cities.scan()) {
      map.add([city])
      drawn += 1
      if (drawn % slice === 0) await nextTurn()
    }
    const time = duration(performance.now() - since)
    map.describe(`db.cities.scan(): ${counted(drawn, 'document')} in ${time}`)
  })
}

/** Says why the database cannot be opened; deleting it is the last resort, and named as such. */
function showFailure(error: unknown): void {
  const text = error instanceof Error ? error.message : String(error)
  const kind = error instanceof Error && 'kind' in error ? String(error.kind) : 'Error'
  state.textContent = 'not open'
  const discard = async () => {
    try {
      await remove(databaseName)
      await start()
    } catch (again) {
      showFailure(again)
    }
  }
  // Deleting helps where what is stored cannot be read; elsewhere it would only lose it.
  const unreadable = kind === 'Corrupt' || kind === 'VersionMismatch'
  const last = h('button', {
    type: 'button',
    class: 'danger',
    onclick: discard,
    hidden: !unreadable,
  })
  last.textContent = 'Delete it and start again'
  const again = h('button', { type: 'button', class: 'primary', onclick: start }, 'Try again')
  main.replaceChildren(
    h(
      'section',
      { class: 'card failure', role: 'alert' },
      h('h2', {}, `The database cannot be opened: ${kind}`),
      h('p', {}, text),
      h('div', { class: 'buttons' }, again, last),
    ),
  )
  again.focus()
}

function byId(id: string): HTMLElement {
  const element = document.getElementById(id)
  if (element === null) throw new Error(`index.html has no element #${id}`)
  return element
}
