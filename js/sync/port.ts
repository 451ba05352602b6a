import type { Engine } from '../../build/wasm/entidb.js'
import { EntidbError } from '../errors.js'
import { type DirectRequest, Executor } from '../executor.js'
import { type Job, jobOf } from '../jobs.js'
import { isCommitted } from '../ops.js'
import { aborted } from '../options.js'
import { straight } from '../patience.js'
import type { Port, Watch } from '../port.js'
import { LOOK_MS, lossOf } from '../presence.js'
import type { Answer, CallName, Request } from '../protocol.js'
import { fromThrown } from '../thrown.js'
import { Upkeep } from '../upkeep.js'

/** The way to an engine in this very thread: a write is committed before its call returns. */
export class DirectPort implements Port {
  readonly remote = false
  readonly #executor: Executor
  readonly #upkeep: Upkeep
  #views = 0
  #closed = false
  /** Why calls are not taken any more. */
  #loss: EntidbError | undefined
  readonly #looking: ReturnType<typeof setInterval>

  constructor(engine: Engine) {
    this.#executor = new Executor(engine)
    const { volume } = engine
    this.#looking = setInterval(async () => {
      this.#loss ??= await lossOf(volume)
    }, LOOK_MS)
    // What fails between calls fails again in the next one, which tells its caller.
    this.#upkeep = new Upkeep(engine, (work, next) => {
      try {
        const result = work()
        next?.(result)
      } catch {}
    })
  }

  call<N extends CallName>(request: Request<N>, watch?: Watch): Answer<N> {
    if (this.#closed) {
      throw new EntidbError('Closed', 'the database was closed; open it again')
    }
    if (this.#loss !== undefined && request.call !== 'close') throw this.#loss
    try {
      return this.#run(request as Request, watch) as Answer<N>
    } catch (error) {
      throw fromThrown(error)
    }
  }

  tell(request: Request): void {
    if (!this.#closed) this.call(request)
  }

  newView(): number {
    return ++this.#views
  }

  pause(): undefined {}

  /** The engine's number for a view. */
  handle(view: number): number {
    return this.#executor.handle(view)
  }

  #run(request: Request, watch: Watch | undefined): unknown {
    const { engine } = this.#executor
    switch (request.call) {
      case 'stage':
      case 'txCommit': {
        const staged = straight(
          this.#executor.stage(request, () => this.#executor.patiently(() => engine.commit())),
        )
        if (!isCommitted(staged)) engine.commit()
        this.#upkeep.committed()
        return staged
      }
      case 'build':
      case 'createIndex':
      case 'compact':
        return finish(jobOf(this.#executor, request), watch)
      case 'close':
        this.#closed = true
        clearInterval(this.#looking)
        this.#upkeep.end()
        return engine.close()
      case 'begin':
      case 'snapshot':
        // The clock that old snapshots expire by.
        engine.tick(Date.now())
        return this.#executor.run(request)
      default:
        return this.#executor.run(request as DirectRequest)
    }
  }
}

/** Runs a job to its end. */
function finish(job: Job, { signal, onProgress }: Watch = {}): unknown {
  for (;;) {
    const step = job.next()
    if (step.done) return step.value
    if (step.value !== undefined) onProgress?.(step.value)
    if (signal?.aborted) {
      job.return(undefined)
      throw aborted(signal)
    }
  }
}
