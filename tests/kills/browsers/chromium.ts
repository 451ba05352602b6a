import type { Readable, Writable } from 'node:stream'
import { chromium, chromiumArgs } from '../../../scripts/lib/browser.mjs'
import { Browser } from './browser.js'

/** Chromium without a window, spoken to through pipes, as its own protocol has it. */
export class Chromium extends Browser {
  #waiting = new Map<number, (result: never) => void>()
  #calls = 0
  /** The tab that was opened last. */
  #page = ''

  constructor(profile: string) {
    const own = ['--headless', '--remote-debugging-pipe', `--user-data-dir=${profile}`]
    const args = [...own, ...chromiumArgs, 'about:blank']
    super(profile, { command: chromium(), args, pipe: true })
    const [input, output] = [this.child.stdio[3] as Writable, this.child.stdio[4] as Readable]
    // It goes with the browser.
    input.on('error', () => {})
    let text = ''
    output.on('data', (chunk) => {
      const messages = `${text}${chunk}`.split('\0')
      text = messages.pop() ?? ''
      for (const message of messages) {
        const { id, result } = JSON.parse(message)
        this.#waiting.get(id)?.(result as never)
        this.#waiting.delete(id)
      }
    })
  }

  /** Opens a page in a tab of its own. */
  async open(url: string): Promise<void> {
    const { targetId } = await this.#call<{ targetId: string }>('Target.createTarget', { url })
    this.#page = targetId
  }

  async close(): Promise<void> {
    await this.#call('Target.closeTarget', { targetId: this.#page })
  }

  override async crashRenderer(): Promise<void> {
    const attached = { targetId: this.#page, flatten: true }
    const { sessionId } = await this.#call<{ sessionId: string }>('Target.attachToTarget', attached)
    await this.crashBy(() => {
      // No answer can come.
      this.#call('Page.crash', {}, sessionId).catch(() => {})
    })
  }

  #call<Result>(method: string, params = {}, sessionId?: string): Promise<Result> {
    const id = ++this.#calls
    const input = this.child.stdio[3] as Writable
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve)
      input.write(`${JSON.stringify({ id, method, params, sessionId })}\0`)
    })
  }
}
