import { attach } from './attach.js'
import type { Client } from './client.js'
import { Reads, ReadsAndWrites } from './collection.js'
import { EntidbError, isEntidbError } from './errors.js'
import type { Handles } from './handles.js'
import { aborted } from './options.js'
import type { Port, Session, Watch } from './port.js'
import type { Answer, CallName, Request } from './protocol.js'
import { AsyncQuery } from './query.js'
import { type Routine, runAsync } from './routine.js'

/** A longer timer would fire at once. */
const TIMER_MS_MAX = 2 ** 31 - 1

/** What a closure is run in until it is given up. */
export interface Limits {
  readonly signal?: AbortSignal | undefined
  /** Milliseconds; none where it may take any time. */
  readonly timeout?: number
}

/** The transaction whose closure is running right now, as far as that can be told. */
let current: Scope | undefined

/**
 * A snapshot or transaction, for as long as one closure runs. It is the port of the collections
 * that the closure is given, which are of no use once it has ended.
 */
export class Scope implements Port {
  readonly remote = true
  /** Whether it failed because another commit came between, and can be tried again. */
  conflicted = false
  readonly #client: Client
  readonly #session: Session
  readonly #isTransaction: boolean
  readonly #running = new Set<Promise<unknown>>()
  /** Why nothing is answered any more. */
  #over: EntidbError | undefined
  /** Why it cannot be committed. */
  #failure: { readonly error: unknown } | undefined

  constructor(client: Client, kind: 'transaction' | 'snapshot', strict: boolean) {
    this.#client = client
    this.#isTransaction = kind === 'transaction'
    const drive = <R>(routine: Routine<R>) => this.#drive(routine)
    const session = { port: this, view: client.newView(), drive, strict }
    const fail = (error: unknown) => {
      this.#failure = { error }
    }
    this.#session = this.#isTransaction ? { ...session, transaction: { fail } } : session
  }

  /** Whether the code that runs right now is in a closure of a transaction of `client`. */
  static isInside(client: Client): boolean {
    return current !== undefined && current.#client === client
  }

  call<N extends CallName>(request: Request<N>, watch?: Watch): Promise<Answer<N>> {
    if (this.#over !== undefined) return Promise.reject(this.#over)
    const answer = this.#client.call(request, watch)
    // A condition of the caller's own does not come to hold by trying again.
    if (request.call !== 'txStage') {
      answer.catch((error) => {
        this.conflicted ||= isEntidbError(error, 'Conflict')
      })
    }
    return answer
  }

  tell(request: Request): void {
    this.#client.tell(request)
  }

  newView(): number {
    return this.#client.newView()
  }

  pause(): Promise<void> {
    return this.#client.pause()
  }

  /** Runs `work` and commits; whatever it throws, and whatever ends it early, rolls back. */
  async run(handles: Handles, work: (context: never) => unknown, limits: Limits) {
    const { view } = this.#session
    const leaving: (() => void)[] = []
    try {
      const stopped = new Promise<never>((_, reject) => {
        const call = this.#isTransaction ? 'begin' : 'snapshot'
        this.call({ call, view } as Request<'begin' | 'snapshot'>).catch(reject)
        leaving.push(this.#client.onLeave(reject), ...watched(limits, reject))
      })
      const result = await Promise.race([this.#enter(handles, work), stopped])
      // What was not awaited belongs to it all the same.
      await Promise.race([Promise.all(this.#running), stopped])
      if (this.#failure !== undefined) throw this.#failure.error
      if (this.#isTransaction) await this.#commit()
      return result
    } catch (error) {
      if (isEnd(error)) this.conflicted = false
      throw error
    } finally {
      for (const leave of leaving) leave()
      this.#over ??= ended()
      this.#client.tell({ call: 'release', view })
    }
  }

  #commit(): Promise<unknown> {
    const { view, strict } = this.#session
    const committed = this.call<'txCommit'>({ call: 'txCommit', view, strict })
    this.#over = ended()
    return committed
  }

  async #enter(handles: Handles, work: (context: never) => unknown): Promise<unknown> {
    const Kind = this.#isTransaction ? ReadsAndWrites : Reads
    const context = {}
    const collection = attach(
      context,
      handles,
      (handle) => new Kind(this.#session, handle, AsyncQuery),
    )
    Object.defineProperty(context, 'collection', { value: collection })
    const outer = current
    if (this.#isTransaction) current = this
    try {
      return work(context as never)
    } finally {
      current = outer
    }
  }

  #drive<R>(routine: Routine<R>): Promise<R> {
    const running = runAsync(routine)
    if (!this.#isTransaction) return running
    this.#running.add(running)
    const done = () => this.#running.delete(running)
    running.then(done, done)
    return this.#marked(running)
  }

  /**
   * The same promise, whose reactions run with `current` set: microtasks keep their order, so what
   * awaits it comes right between the two that are queued here. So a transaction that is begun
   * inside another one is noticed behind an `await` as well.
   */
  #marked<R>(running: Promise<R>): Promise<R> {
    return new Promise((resolve, reject) => {
      const mark = (settle: () => void) => {
        queueMicrotask(() => {
          current = this
        })
        settle()
        queueMicrotask(() => {
          current = undefined
        })
      }
      running.then(
        (value) => mark(() => resolve(value)),
        (error) => mark(() => reject(error)),
      )
    })
  }
}

function watched({ signal, timeout }: Limits, reject: (error: unknown) => void): (() => void)[] {
  const ends: (() => void)[] = []
  if (signal !== undefined) {
    const abort = () => reject(aborted(signal))
    signal.addEventListener('abort', abort)
    ends.push(() => signal.removeEventListener('abort', abort))
  }
  if (timeout !== undefined && timeout <= TIMER_MS_MAX) {
    const timer = setTimeout(() => reject(late()), timeout)
    ends.push(() => clearTimeout(timer))
  }
  return ends
}

/** Whether trying again would not help, as it is the attempt that was given up. */
function isEnd(error: unknown): boolean {
  return isEntidbError(error) && ['Timeout', 'Aborted', 'Closed', 'HostLost'].includes(error.kind)
}

function late(): EntidbError {
  const message = "the transaction took longer than its 'timeout'"
  return new EntidbError('Timeout', `${message}; do less in it, or give it more time`)
}

function ended(): EntidbError {
  return new EntidbError('Closed', 'this transaction or snapshot has ended; begin another one')
}
