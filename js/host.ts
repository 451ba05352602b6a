import type { Engine } from '../build/wasm/entidb.js'
import { type DirectRequest, Executor } from './executor.js'
import { type Job, jobOf } from './jobs.js'
import { isCommitted } from './ops.js'
import type { Backing, Patient } from './patience.js'
import {
  type FromHost,
  type Numbered,
  pack,
  type RawProgress,
  type Reply,
  type Request,
} from './protocol.js'
import { Upkeep } from './upkeep.js'
import { fault, toWire } from './wire.js'

/** Calls that change more than documents; they keep their place among the writes. */
const IN_ORDER: ReadonlySet<Request['call']> = new Set([
  'declare',
  'createCollection',
  'dropCollection',
  'clear',
  'dropIndex',
  'setSchemaVersion',
  'checkpoint',
  'close',
] as const)

/** Calls that gain from being carried out together with those that come at the same time. */
const COMMITS: ReadonlySet<Request['call']> = new Set(['stage', 'txCommit'] as const)

interface Running {
  readonly number: number
  readonly job: Job
}

/**
 * Carries out the calls of a page. All that wait are taken at once: their writes become one group
 * with one sync, in the order in which they were called. A read never comes before a write that was
 * called before it; it may see writes that were called at the same time.
 */
export class Host {
  readonly #executor: Executor
  readonly #post: (message: FromHost, transfer: ArrayBuffer[]) => void
  readonly #die: (error: unknown) => void
  readonly #upkeep: Upkeep
  readonly #channel = new MessageChannel()
  readonly #jobs: Running[] = []
  /** Tasks that come after the one under way, which waits for the storage. */
  readonly #tasks: Patient<void>[] = []
  #busy = false
  #closed = false
  #waiting: Numbered[] = []
  #woken = false
  /** The writes of the open group with their answers, not acknowledged yet. */
  #group: { readonly number: number; readonly bytes: Uint8Array }[] = []
  /** Calls that come after the open group. */
  #deferred: Numbered[] = []
  #replies: Reply[] = []
  #committed = false

  /** `die` is told that the engine has stopped. */
  constructor(
    engine: Engine,
    backing: Backing | undefined,
    post: (message: FromHost, transfer: ArrayBuffer[]) => void,
    die: (error: unknown) => void,
  ) {
    this.#executor = new Executor(engine, backing)
    this.#post = post
    this.#die = die
    this.#upkeep = new Upkeep(engine, (work, next) => this.#begin(this.#tend(work, next)))
    this.#channel.port1.onmessage = () => {
      this.#woken = false
      this.#begin(this.#turn())
    }
  }

  /** Takes calls. Where they commit, those of messages that came meanwhile are taken along. */
  receive(calls: readonly Numbered[]): void {
    this.#waiting.push(...calls)
    if (this.#woken || calls.some(({ request }) => COMMITS.has(request.call))) this.#wake()
    else this.#begin(this.#turn())
  }

  /** Gives up a job. */
  cancel(number: number): void {
    this.#begin(this.#cancel(number))
  }

  /** Begins a task, or has it wait for the one that waits for the storage. */
  #begin(task: Patient<void>): void {
    if (this.#busy) this.#tasks.push(task)
    else this.#goOn(task)
  }

  /** Goes on with a task until it is through, or has to wait for the storage again. */
  #goOn(task: Patient<void>, failed?: { readonly error: unknown }): void {
    this.#busy = true
    try {
      const step = failed === undefined ? task.next() : task.throw(failed.error)
      if (!step.done) return this.#serve(task)
    } catch (error) {
      // Nothing follows: the engine has stopped.
      this.#send()
      return this.#die(error)
    }
    this.#send()
    this.#busy = false
    const committed = this.#committed
    this.#committed = false
    if (committed && !this.#closed) this.#upkeep.committed()
    if (this.#jobs.length > 0) this.#wake()
    if (this.#busy) return
    const next = this.#tasks.shift()
    if (next !== undefined) this.#goOn(next)
  }

  /** Serves the storage for a task, then goes on with it. */
  #serve(task: Patient<void>): void {
    const { backing, engine } = this.#executor
    backing?.serve(engine).then(
      () => this.#goOn(task),
      (thrown) => {
        this.#failAll(thrown)
        this.#goOn(task, { error: thrown })
      },
    )
  }

  /** The engine has gone back to what is stored: the open group and the jobs are not there. */
  #failAll(thrown: unknown): void {
    const error = toWire(thrown)
    if (error === undefined) return
    const failed = [...this.#group.splice(0), ...this.#jobs.splice(0)]
    this.#replies.push(...failed.map(({ number }) => ({ number, error })))
  }

  #wake(): void {
    if (this.#woken) return
    this.#woken = true
    this.#channel.port2.postMessage(undefined)
  }

  *#turn(): Patient<void> {
    this.#executor.engine.tick(Date.now())
    const calls = this.#waiting
    this.#waiting = []
    for (const call of calls) yield* this.#take(call)
    yield* this.#flush()
    yield* this.#advance()
  }

  /** Work that no call has asked for. */
  *#tend<R>(work: () => R, next?: (result: R) => void): Patient<void> {
    if (this.#closed) return
    try {
      const result = yield* this.#executor.patiently(work)
      next?.(result)
    } catch (error) {
      this.#trouble(error)
    }
  }

  *#cancel(number: number): Patient<void> {
    const at = this.#jobs.findIndex((running) => running.number === number)
    const [running] = at < 0 ? [] : this.#jobs.splice(at, 1)
    if (running === undefined) return
    yield* this.#attempt(number, function* () {
      yield* stepOf(running.job, () => running.job.return(undefined))
      throw fault('Aborted', 'its signal has ended this; call again if need be')
    })
  }

  #send(): void {
    const replies = this.#replies
    this.#replies = []
    if (replies.length > 0) this.#post({ type: 'replies', replies }, pack(replies))
  }

  *#take(call: Numbered): Patient<void> {
    const { number, request } = call
    if (IN_ORDER.has(request.call)) {
      yield* this.#flush()
      this.#committed = true
    } else if (this.#group.length > 0 && this.#isAfterGroup(request)) {
      this.#deferred.push(call)
      return
    }
    yield* this.#attempt(number, () => this.#run(number, request))
  }

  /** Whether a call depends on what the open group commits. Those of an older view do not. */
  #isAfterGroup(request: Request): boolean {
    if (request.call === 'stage' || request.call === 'page' || request.call === 'closeCursor') {
      return false
    }
    return !('view' in request && this.#executor.isOpen(request.view))
  }

  *#run(number: number, request: Request): Patient<void> {
    switch (request.call) {
      case 'stage':
      case 'txCommit': {
        const bytes = yield* this.#executor.stage(request, () => this.#commit())
        this.#committed = true
        if (isCommitted(bytes)) this.#replies.push({ number, bytes })
        else this.#group.push({ number, bytes })
        return
      }
      case 'build':
      case 'createIndex':
      case 'compact':
        this.#jobs.push({ number, job: jobOf(this.#executor, request) })
        return
      case 'close':
        return yield* this.#close(number)
      default:
        this.#reply(
          number,
          yield* this.#executor.patiently(() => this.#executor.run(request as DirectRequest)),
        )
    }
  }

  /** Commits the open group, then carries out what waited for it, which may open another one. */
  *#flush(): Patient<void> {
    while (this.#group.length > 0) {
      yield* this.#commit()
      const calls = this.#deferred
      this.#deferred = []
      for (const call of calls) yield* this.#take(call)
    }
  }

  *#commit(): Patient<void> {
    const group = this.#group
    this.#group = []
    let error: Reply['error']
    try {
      yield* this.#executor.patiently(() => this.#executor.engine.commit())
    } catch (thrown) {
      error = wireOf(thrown)
    }
    for (const { number, bytes } of group) {
      this.#replies.push(error === undefined ? { number, bytes } : { number, error })
    }
  }

  /** One step of the job that came first. */
  *#advance(): Patient<void> {
    const [running] = this.#jobs
    if (running === undefined) return
    const { number, job } = running
    let done = true
    const advance = function* (this: Host) {
      const step = yield* stepOf(job, () => job.next())
      done = step.done === true
      if (step.done) this.#reply(number, step.value)
      else this.#post({ type: 'progress', number, progress: step.value as RawProgress }, [])
    }
    yield* this.#attempt(number, advance.bind(this))
    if (done) this.#jobs.shift()
    this.#committed = true
  }

  *#close(number: number): Patient<void> {
    this.#upkeep.end()
    this.#closed = true
    const error = fault('Closed', 'the database was closed before this was done')
    for (const job of this.#jobs.splice(0)) {
      this.#replies.push({ number: job.number, error })
    }
    const { engine, backing } = this.#executor
    try {
      // Where nothing can be stored any more, what was acknowledged has been.
      if (backing?.failure === undefined) yield* this.#executor.patiently(() => engine.close())
    } finally {
      backing?.close()
    }
    this.#reply(number, undefined)
  }

  *#attempt(number: number, work: () => Patient<void>): Patient<void> {
    try {
      yield* work()
    } catch (thrown) {
      this.#replies.push({ number, error: wireOf(thrown) })
    }
  }

  #reply(number: number, value: unknown): void {
    this.#replies.push(value instanceof Uint8Array ? { number, bytes: value } : { number, value })
  }

  /** What failed is nobody's call: whoever listens is told. */
  #trouble(thrown: unknown): void {
    const error = toWire(thrown)
    if (error === undefined) this.#die(thrown)
    else this.#post({ type: 'trouble', error }, [])
  }
}

/** One step of a job, with the waits in it. */
function* stepOf(job: Job, begin: () => IteratorResult<unknown>): Patient<IteratorResult<unknown>> {
  let step = begin()
  while (!step.done && step.value === undefined) {
    try {
      yield
    } catch (error) {
      step = job.throw(error)
      continue
    }
    step = job.next()
  }
  return step
}

/** The error of a call; thrown on where it is the end of the engine. */
function wireOf(thrown: unknown) {
  const error = toWire(thrown)
  if (error === undefined) throw thrown
  return error
}
