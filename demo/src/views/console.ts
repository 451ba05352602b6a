// The last calls, the newest first: what was called, how long it took, what came back.
import type { Call, CallLog } from '../calls.js'
import { card, h } from '../dom.js'
import { duration } from '../format.js'
import { coloured } from './code.js'

/** How many calls stay. */
const kept = 20

export function createConsole(calls: CallLog): HTMLElement {
  const list = h('ol', { class: 'calls', tabindex: 0, 'aria-label': 'Calls, the newest first' })
  calls.listen((call) => {
    list.prepend(entry(call))
    while (list.children.length > kept) list.lastElementChild?.remove()
    list.scrollTop = 0
  })
  return card('console', 'What was just called', list)
}

function entry({ code, ms, answer, failed }: Call): HTMLElement {
  const time = h('span', { class: 'time' }, duration(ms))
  const note = h('p', {}, time, h('span', { class: failed ? 'failed' : '' }, answer))
  return h('li', {}, h('pre', {}, h('code', {}, ...coloured(code))), note)
}
