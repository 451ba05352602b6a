import type { Acked } from '../shared/protocol.js'
import { post } from './server.js'

/**
 * Tells the server which writes were acknowledged. One report is under way at a time; what comes
 * meanwhile goes with the next.
 */
export class Reporter {
  readonly #load: number
  #pending: Record<string, number> = {}
  #sending: Promise<void> | undefined
  /** By writer, the last write whose acknowledgement the server has. */
  readonly reported: Record<string, number> = {}

  constructor(load: number) {
    this.#load = load
  }

  /** Resolves once the server has it. */
  async report(writer: string, n: number): Promise<void> {
    this.#pending[writer] = n
    // The report under way may have left without this.
    if (this.#sending !== undefined) await this.#sending
    if ((this.reported[writer] ?? 0) >= n) return
    this.#sending ??= this.#send()
    await this.#sending
  }

  async #send(): Promise<void> {
    const done = this.#pending
    this.#pending = {}
    await post('/acked', { load: this.#load, done } satisfies Acked)
    Object.assign(this.reported, done)
    this.#sending = undefined
  }
}
