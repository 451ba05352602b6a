// How the database is doing, and what can be done for it.
import { remove } from 'entidb'
import { card, facts, h } from '../dom.js'
import { bytes, count, counted } from '../format.js'
import { databaseName } from '../schema.js'
import type { Session } from '../session.js'

/** How long after a call the figures follow, in milliseconds. */
const lag = 300

const terms = [
  'Kept in',
  'Durability',
  'Eviction',
  'Documents',
  'Volume and log',
  'Levels',
  'Origin uses',
  'Written',
  'Read',
  'Syncs',
  'Lookups, scans',
  'Cache hits',
] as const

/** The figures of `stats()` and `storage()`. */
export function createFigures(session: Session): HTMLElement {
  const list = facts(terms)
  let timer = 0
  let failed = false
  const refresh = async () => {
    timer = 0
    if (failed) return
    try {
      list.set(await figures(session))
    } catch {
      // The call that changed something has said what is wrong; figures need not say it again.
      failed = true
    }
  }
  const soon = () => {
    if (timer === 0) timer = window.setTimeout(refresh, lag)
  }
  session.calls.listen(soon)
  session.onChange(soon)
  soon()
  return card('figures', 'Figures since it was opened', list.element)
}

async function figures({ db }: Session): Promise<Record<(typeof terms)[number], string>> {
  const [stats, storage, documents] = await Promise.all([
    db.stats(),
    db.storage(),
    db.cities.count(),
  ])
  const { cache } = stats
  const looked = cache.hits + cache.misses
  const used = stats.levels.filter((level) => level.bytes > 0)
  return {
    'Kept in': storage.backend === 'opfs' ? 'OPFS' : storage.backend,
    Durability: storage.durability,
    Eviction: storage.persisted ? 'the browser keeps it' : 'the browser may evict it',
    'Origin uses': storage.usage === undefined ? 'not said' : bytes(storage.usage),
    Documents: count(documents),
    'Volume and log': `${bytes(stats.volumeBytes)}, ${bytes(stats.logBytes)}`,
    Written: bytes(stats.bytesWritten),
    Read: bytes(stats.bytesRead),
    Syncs: count(stats.syncs),
    'Lookups, scans': `${count(stats.indexLookups)}, ${count(stats.scans)}`,
    'Cache hits': looked === 0 ? '\u2013' : `${Math.floor((cache.hits / looked) * 100)} %`,
    Levels: used.length === 0 ? '\u2013' : used.map((level) => bytes(level.bytes)).join(' + '),
  }
}

/** Compaction, persistence, reload and deletion; `onRemoved` is called when all is gone. */
export function createCare(session: Session, onRemoved: () => void): HTMLElement {
  const { db } = session
  const reload = h(
    'button',
    { type: 'button', onclick: () => location.reload() },
    'Reload the page',
  )
  const persist = h('button', { type: 'button' }, 'Ask to keep it')
  persist.addEventListener('click', () =>
    session.attempt(async () => {
      const kept = await session.calls.run('await db.persist()', () => db.persist(), String)
      const yes = 'The browser promises to keep the data of this origin.'
      session.notices.say(kept ? yes : 'The browser does not promise it: it may evict the data.')
      session.changed()
    }),
  )
  return card(
    'care',
    'Care',
    row('Reload: everything is still there.', reload),
    row('Ask the browser not to evict it when the disk is full.', persist),
    ...compaction(session),
    row('Delete the database, and start again.', deletion(session, onRemoved)),
  )
}

function row(text: string, button: HTMLElement): HTMLElement {
  return h('div', { class: 'action' }, h('p', {}, text), button)
}

function compaction(session: Session): HTMLElement[] {
  const bar = h('progress', { max: 1, value: 0, 'aria-label': 'Compaction' })
  const outcome = h('p', { class: 'outcome', role: 'status' })
  const button = h('button', { type: 'button' }, 'Compact')
  const onProgress = ({ done, total }: { done: number; total: number }) => {
    bar.value = total === 0 ? 1 : done / total
  }
  const compact = async () => {
    bar.classList.add('running')
    outcome.textContent = 'Compacting\u2026'
    try {
      const result = await session.calls.run(
        'await db.compact({ onProgress })',
        () => session.db.compact({ onProgress }),
        ({ inputRecords }) => `${counted(inputRecords, 'entry')} merged`,
      )
      const { inputRecords, outputRecords, bytesSaved } = result
      bar.value = 1
      const nothing = 'Everything was merged already.'
      const merged =
        `${counted(inputRecords, 'entry')} read, ${count(outputRecords)} written, ` +
        `${bytes(Math.max(0, bytesSaved))} given back.`
      outcome.textContent = inputRecords === 0 ? nothing : merged
    } catch (error) {
      outcome.textContent = ''
      throw error
    } finally {
      bar.classList.remove('running')
      session.changed()
    }
  }
  button.addEventListener('click', () => session.attempt(compact))
  return [row('Merge everything now, and give space back.', button), bar, outcome]
}

function deletion(session: Session, onRemoved: () => void): HTMLElement {
  const button = h('button', { type: 'button', class: 'danger' }, 'Delete\u2026')
  const confirm = h('button', { value: 'delete', class: 'danger' }, 'Delete everything')
  const dialog = h(
    'dialog',
    { 'aria-labelledby': 'delete-title' },
    h('h2', { id: 'delete-title' }, 'Delete the database?'),
    h('p', {}, 'All cities and your edits go. The cities can be imported again, edits cannot.'),
    h(
      'form',
      { method: 'dialog', class: 'buttons' },
      confirm,
      h('button', { autofocus: true }, 'Keep it'),
    ),
  )
  document.body.append(dialog)
  button.addEventListener('click', () => {
    dialog.returnValue = ''
    dialog.showModal()
  })
  dialog.addEventListener('close', () => {
    if (dialog.returnValue !== 'delete') return
    session.attempt(async () => {
      await session.calls.run(
        'await db.close()',
        () => session.db.close(),
        () => 'closed',
      )
      await session.calls.run(
        `await remove('${databaseName}')`,
        () => remove(databaseName),
        () => 'deleted',
      )
      dialog.remove()
      onRemoved()
    })
  })
  return button
}
