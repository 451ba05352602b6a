import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { owe } from '../debts.js'
import { hasWorker, processesOf, signal, until } from './family.js'

/** How a browser is started. */
export interface Start {
  readonly command: string
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** Whether it is spoken to through the pipes 3 and 4. */
  readonly pipe?: true
}

/** How pages are opened and closed, one at a time. */
export interface Pages {
  open(url: string): Promise<void>
  close(): Promise<void>
}

/** A running browser: all of its processes, which are in a session of their own. */
export class Browser {
  protected readonly child: ChildProcess
  readonly #exited: Promise<unknown>
  /** Where it puts what it means to remove later, which a killed one does not. */
  readonly #scratch = mkdtempSync(join(tmpdir(), 'entidb-'))
  readonly #settled: () => void
  /** Whether its numbers may be those of others by now. */
  #isOver = false

  constructor(profile: string, { command, args, env, pipe }: Start) {
    const pipes = pipe ? (['pipe', 'pipe'] as const) : []
    this.child = spawn(command, [...args], {
      // What a crash leaves behind goes with the profile.
      cwd: profile,
      detached: true,
      env: { ...process.env, TMPDIR: this.#scratch, ...env },
      stdio: ['ignore', 'ignore', 'ignore', ...pipes],
    })
    this.#settled = owe(() => {
      signal(this.#processes(), 'SIGKILL')
      rmSync(this.#scratch, { recursive: true, force: true })
    })
    this.#exited = new Promise((resolve, reject) => {
      this.child.on('exit', resolve)
      this.child.on('error', reject)
    })
    // A browser that could not be started is noticed by its silence.
    this.#exited.catch(() => {})
  }

  /** Ends every process at once, by its number, and returns when none is left. */
  async kill(): Promise<void> {
    const { pid } = this.child
    if (pid === undefined || this.#isOver) return
    await until(() => {
      const left = processesOf(pid)
      signal(left, 'SIGKILL')
      return left.length === 0
    }, 'the end of a killed browser')
    this.#isOver = true
    await this.#exited
    rmSync(this.#scratch, { recursive: true, force: true })
    this.#settled()
  }

  /** Stops every process where it is. */
  freeze(): void {
    signal(this.#processes(), 'SIGSTOP')
  }

  thaw(): void {
    signal(this.#processes(), 'SIGCONT')
  }

  /** Ends the processes that run a page with a worker, and returns when they are gone. */
  endRenderer(name: 'SIGKILL' | 'SIGABRT'): Promise<void> {
    return this.crashBy((pids) => signal(pids, name))
  }

  /** Has the process of the page crash by itself. */
  crashRenderer(): Promise<void> {
    return this.endRenderer('SIGABRT')
  }

  #processes(): number[] {
    const { pid } = this.child
    return pid === undefined || this.#isOver ? [] : processesOf(pid)
  }

  /** Ends the process of the page by `crash`, and returns when it is gone. */
  protected async crashBy(crash: (pids: readonly number[]) => void): Promise<void> {
    // The first process of Firefox has workers of its own.
    const pids = this.#processes().filter((pid) => pid !== this.child.pid && hasWorker(pid))
    if (pids.length === 0) throw new Error('no process runs a worker')
    crash(pids)
    await until(() => {
      const left = this.#processes()
      return !pids.some((pid) => left.includes(pid))
    }, 'the end of a renderer')
  }
}
