import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Readable } from 'node:stream'
import { owe } from '../debts.js'

/** A screen in memory, for a browser that cannot do without. */
export class Screen {
  readonly #server: ChildProcess
  readonly #settled: () => void
  /** What `DISPLAY` is to be. */
  readonly display: string

  private constructor(server: ChildProcess, display: string) {
    this.#server = server
    this.#settled = owe(() => server.kill('SIGTERM'))
    this.display = display
  }

  /** Starts one with a number that is free. */
  static async start(): Promise<Screen> {
    const size = ['-screen', '0', '800x600x24', '-nolisten', 'tcp']
    const server = spawn('Xvfb', ['-displayfd', '3', ...size], {
      stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
    })
    const [number] = await once(server.stdio[3] as Readable, 'data')
    return new Screen(server, `:${String(number).trim()}`)
  }

  /** Ends it in a way that lets it remove its lock. */
  async stop(): Promise<void> {
    this.#server.kill('SIGTERM')
    await once(this.#server, 'exit')
    this.#settled()
  }
}
