import { EntidbError } from './errors.js'
import { aborted } from './options.js'
import type { Port, Watch } from './port.js'
import { LOOK_MS, lossOf } from './presence.js'
import {
  type Answer,
  type CallName,
  type FromHost,
  type Hosted,
  type Numbered,
  pack,
  type Reply,
  type Request,
  type ToHost,
} from './protocol.js'
import type { Started } from './start.js'
import { fromWire } from './thrown.js'

interface Pending {
  resolve(value: unknown): void
  reject(error: unknown): void
  readonly onProgress: Watch['onProgress']
  /** Stops listening to the signal. */
  readonly leave: () => void
}

/**
 * The page's end of a worker that hosts a database. Calls made in one turn of the page leave in one
 * message, and what they were given as bytes is transferred.
 */
export class Client implements Port {
  readonly remote = true
  /** Told of failures that no call is rejected for, and of the loss of the host. */
  onError: (error: EntidbError) => void = () => {}
  readonly #worker: Worker
  readonly #pending = new Map<number, Pending>()
  readonly #leaving = new Set<(error: EntidbError) => void>()
  #unsent: Numbered[] = []
  #last = 0
  #views = 0
  /** Why calls are not taken any more. */
  #over: EntidbError | undefined
  #closing: Promise<void> | undefined
  readonly #ended = new AbortController()

  constructor({ worker, life, value }: Started) {
    this.#worker = worker
    worker.onmessage = ({ data }: MessageEvent<FromHost>) => this.#receive(data)
    worker.onmessageerror = () => this.#lose('a message of its worker could not be read')
    worker.onerror = (event) => {
      event.preventDefault()
      this.#lose(`its worker failed: ${event.message}`)
    }
    const { signal } = this.#ended
    const { volume } = value as Hosted
    const looking = setInterval(async () => {
      const loss = signal.aborted ? clearInterval(looking) : await lossOf(volume)
      if (loss) this.#end(loss)
    }, LOOK_MS)
    // A worker that is ended from outside says nothing, but gives its lock back. On a page whose
    // data was cleared Chromium does not see the locks of later workers: there it would be free.
    const { locks } = navigator
    locks?.request(life, { ifAvailable: true }, (lock) => {
      if (!lock)
        locks.request(life, { signal }, () => this.#lose('its worker was ended')).catch(() => {})
    })
  }

  call<N extends CallName>(request: Request<N>, watch?: Watch): Promise<Answer<N>> {
    return new Promise((resolve, reject) => {
      if (this.#over !== undefined) return reject(this.#over)
      const number = ++this.#last
      const leave = this.#cancelling(number, watch?.signal)
      this.#pending.set(number, { resolve, reject, onProgress: watch?.onProgress, leave })
      if (this.#unsent.push({ number, request: request as Request }) > 1) return
      queueMicrotask(() => this.#flush())
    }) as Promise<Answer<N>>
  }

  tell(request: Request): void {
    this.call(request).catch(() => {})
  }

  newView(): number {
    return ++this.#views
  }

  pause(): Promise<void> {
    return new Promise((resolve) => {
      // A timer would be held back by several milliseconds.
      const { port1, port2 } = new MessageChannel()
      port1.onmessage = () => {
        port1.close()
        resolve()
      }
      port2.postMessage(undefined)
    })
  }

  /** Calls `leave` when the database is closed or its host is lost, unless told not to any more. */
  onLeave(leave: (error: EntidbError) => void): () => void {
    if (this.#over !== undefined) leave(this.#over)
    this.#leaving.add(leave)
    return () => this.#leaving.delete(leave)
  }

  /** Has what was called so far carried out, then closes the database and ends the worker. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  /**
   * Ends the worker once the page is put aside to be come back to: out of sight it would keep the
   * database from every page that is there, for as long as the browser remembers this one.
   */
  endWithPage(): void {
    const { signal } = this.#ended
    const leave = ({ persisted }: PageTransitionEvent) => {
      if (persisted) this.#lose('its page was put aside')
    }
    globalThis.addEventListener?.('pagehide', leave, { signal })
  }

  /** Ends the worker as it is. */
  abandon(): void {
    this.#end(new EntidbError('Closed', 'the database was not opened; open it again'))
  }

  async #close(): Promise<void> {
    if (this.#over !== undefined) return
    const closed = this.call({ call: 'close' })
    this.#over = new EntidbError('Closed', 'the database was closed; open it again')
    this.#leave(this.#over)
    try {
      await closed
    } catch (error) {
      // A host that was lost has closed nothing, and holds nothing open either.
      if (!(error instanceof EntidbError && error.kind === 'HostLost')) throw error
    } finally {
      this.#end(this.#over)
    }
  }

  #cancelling(number: number, signal: AbortSignal | undefined): () => void {
    if (signal?.aborted) throw aborted(signal)
    const cancel = () => {
      this.#flush()
      this.#post({ type: 'cancel', number }, [])
    }
    signal?.addEventListener('abort', cancel)
    return () => signal?.removeEventListener('abort', cancel)
  }

  #flush(): void {
    const calls = this.#unsent
    this.#unsent = []
    if (calls.length === 0) return
    const withBytes = calls.flatMap(({ request }) => ('bytes' in request ? [request] : []))
    this.#post({ type: 'calls', calls }, pack(withBytes))
  }

  #post(message: ToHost, transfer: ArrayBuffer[]): void {
    this.#worker.postMessage(message, transfer)
  }

  #receive(message: FromHost): void {
    switch (message.type) {
      case 'replies':
        for (const reply of message.replies) this.#settle(reply)
        return
      case 'progress':
        return this.#pending.get(message.number)?.onProgress?.(message.progress)
      case 'trouble':
        return this.onError(fromWire(message.error))
      case 'lost':
        return this.#end(fromWire(message.error))
    }
  }

  #settle({ number, error, bytes, value }: Reply): void {
    const pending = this.#pending.get(number)
    if (pending === undefined) return
    this.#pending.delete(number)
    pending.leave()
    if (error === undefined) pending.resolve(bytes ?? value)
    else pending.reject(fromWire(error))
  }

  #lose(why: string): void {
    const advice = 'what was acknowledged is safe; open it again'
    this.#end(new EntidbError('HostLost', `the database stopped: ${why}; ${advice}`))
  }

  /** Rejects what is pending and all that comes. */
  #end(error: EntidbError): void {
    this.#ended.abort()
    this.#worker.terminate()
    const expected = this.#over !== undefined
    this.#over ??= error
    for (const pending of this.#pending.values()) {
      pending.leave()
      pending.reject(error)
    }
    this.#pending.clear()
    this.#unsent = []
    if (expected) return
    this.#leave(error)
    if (error.kind !== 'Closed') this.onError(error)
  }

  #leave(error: EntidbError): void {
    for (const leave of this.#leaving) leave(error)
    this.#leaving.clear()
  }
}
