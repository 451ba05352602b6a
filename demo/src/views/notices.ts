// What went wrong, as it was said, and what can be done; and short confirmations.
import { isEntidbError } from 'entidb'
import { h } from '../dom.js'

/** Something that can be done about a notice. */
interface Action {
  readonly label: string
  readonly run: () => void
}

/** How long a confirmation stays, in milliseconds; an error stays until it is dismissed. */
const shown = 8000

/** The notices at the foot of the window: they cover, and so move nothing. */
export class Notices {
  readonly element = h('div', { class: 'notices' })
  private readonly errors = h('div', { role: 'alert' })
  private readonly messages = h('div', { role: 'status' })
  private timer = 0

  constructor() {
    this.element.append(this.errors, this.messages)
  }

  /** Shows an error as it is; `again` does what failed once more. */
  fail(error: unknown, again?: () => void): void {
    const text = error instanceof Error ? error.message : String(error)
    const kind = isEntidbError(error) ? error.kind : 'Error'
    const action = again === undefined ? [] : [{ label: 'Try again', run: again }]
    this.errors.replaceChildren(notice(kind, text, action, () => this.errors.replaceChildren()))
  }

  /** Says that something was done, and what can be done about it. */
  say(text: string, ...actions: readonly Action[]): void {
    window.clearTimeout(this.timer)
    const clear = () => this.messages.replaceChildren()
    this.messages.replaceChildren(notice('', text, actions, clear))
    this.errors.replaceChildren()
    this.timer = window.setTimeout(clear, shown)
  }
}

function notice(
  kind: string,
  text: string,
  actions: readonly Action[],
  close: () => void,
): HTMLElement {
  const buttons = actions.map(({ label, run }) => {
    const act = () => {
      close()
      run()
    }
    return h('button', { type: 'button', class: 'quiet', onclick: act }, label)
  })
  const title = kind === '' ? [] : [h('strong', {}, kind)]
  return h(
    'div',
    { class: kind === '' ? 'notice' : 'notice failed' },
    h('p', {}, ...title, text),
    ...buttons,
    h('button', { type: 'button', class: 'quiet', onclick: close }, 'Dismiss'),
  )
}
