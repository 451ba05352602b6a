import type { Engine } from '../build/wasm/entidb.js'

/** Bytes of one idle step: a few milliseconds. */
const STEP_BYTES = 256 * 1024
/** After how many milliseconds a relaxed commit is made durable against a loss of power. */
const SYNC_MS = 200

/**
 * What an engine has to do while nobody asks anything of it: the steps of its own work, one for a
 * task of the thread, and the sync that relaxed commits are owed.
 */
export class Upkeep {
  readonly #engine: Engine
  readonly #fail: (error: unknown) => void
  readonly #channel = new MessageChannel()
  #stepping = false
  #timer: ReturnType<typeof setTimeout> | undefined

  /** `fail` is told of every error, as no call will be. */
  constructor(engine: Engine, fail: (error: unknown) => void) {
    this.#engine = engine
    this.#fail = fail
    this.#channel.port1.onmessage = () => this.#try(() => this.#step())
  }

  /** To be called after commits were acknowledged. */
  committed(): void {
    this.#try(() => this.#engine.settle())
    if (!this.#stepping) this.#schedule()
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      this.#try(() => this.#engine.sync())
    }, SYNC_MS)
  }

  /** Ends it, before the engine is closed. */
  end(): void {
    clearTimeout(this.#timer)
    this.#channel.port1.close()
  }

  #schedule(): void {
    this.#stepping = true
    // Unlike a timer, a message comes at once.
    this.#channel.port2.postMessage(undefined)
  }

  #step(): void {
    this.#stepping = false
    this.#engine.tick(Date.now())
    if (this.#engine.step(STEP_BYTES)) this.#schedule()
  }

  #try(work: () => void): void {
    try {
      work()
    } catch (error) {
      this.#fail(error)
    }
  }
}
