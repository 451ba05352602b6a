import { attach } from '../attach.js'
import { Reads, ReadsAndWrites } from '../collection.js'
import { EntidbError, invalidInput } from '../errors.js'
import type { Handles } from '../handles.js'
import type { Port, Session, Watch } from '../port.js'
import type { Answer, CallName, Request } from '../protocol.js'
import { isThenable, runSync } from '../routine.js'
import type { DirectPort } from './port.js'
import { DirectQuery } from './query.js'

/** A snapshot or transaction of `entidb/sync`, for as long as one closure runs. */
export class DirectScope implements Port {
  readonly remote = false
  readonly #port: DirectPort
  readonly #session: Session
  #over = false
  #failure: { readonly error: unknown } | undefined

  constructor(port: DirectPort, kind: 'transaction' | 'snapshot', strict: boolean) {
    this.#port = port
    const session = { port: this, view: port.newView(), drive: runSync, strict }
    const fail = (error: unknown) => {
      this.#failure = { error }
    }
    this.#session = kind === 'transaction' ? { ...session, transaction: { fail } } : session
  }

  call<N extends CallName>(request: Request<N>, watch?: Watch): Answer<N> {
    if (!this.#over) return this.#port.call(request, watch)
    throw new EntidbError('Closed', 'this transaction or snapshot has ended; begin another one')
  }

  tell(request: Request): void {
    this.#port.tell(request)
  }

  newView(): number {
    return this.#port.newView()
  }

  pause(): undefined {}

  /** Runs `work` and commits; whatever it throws rolls back. */
  run(handles: Handles, work: (context: never) => unknown): unknown {
    const { view, strict, transaction } = this.#session
    this.call({ call: transaction === undefined ? 'snapshot' : 'begin', view } as Request)
    try {
      const result = work(this.#context(handles) as never)
      if (isThenable(result)) {
        result.then(undefined, () => {})
        throw invalidInput('the function is synchronous here; use entidb for one that is async')
      }
      if (this.#failure !== undefined) throw this.#failure.error
      if (transaction !== undefined) this.call({ call: 'txCommit', view, strict })
      return result
    } finally {
      this.#over = true
      this.#port.tell({ call: 'release', view })
    }
  }

  #context(handles: Handles): object {
    const Kind = this.#session.transaction === undefined ? Reads : ReadsAndWrites
    const context = {}
    const collection = attach(
      context,
      handles,
      (handle) => new Kind(this.#session, handle, DirectQuery),
    )
    return Object.defineProperty(context, 'collection', { value: collection })
  }
}
