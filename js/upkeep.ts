import type { Engine } from '../build/wasm/entidb.js'

/** Bytes of one idle step: a few milliseconds. */
const STEP_BYTES = 256 * 1024
/** After how many milliseconds a relaxed commit is made durable against a loss of power. */
const SYNC_MS = 200

/**
 * Has some work done, at once or as soon as nothing else is under way, and then `next`. Errors are
 * its own business, as no call will hear of them.
 */
export type Perform = <R>(work: () => R, next?: (result: R) => void) => void

/**
 * What an engine has to do while nobody asks anything of it: the steps of its own work, one for a
 * task of the thread, and the sync that relaxed commits are owed.
 */
export class Upkeep {
  readonly #engine: Engine
  readonly #perform: Perform
  readonly #channel = new MessageChannel()
  #stepping = false
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(engine: Engine, perform: Perform) {
    this.#engine = engine
    this.#perform = perform
    this.#channel.port1.onmessage = () => this.#step()
  }

  /** To be called after commits were acknowledged. */
  committed(): void {
    this.#perform(() => this.#engine.settle())
    if (!this.#stepping) this.#schedule()
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      this.#perform(() => this.#engine.sync())
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
    this.#perform(
      () => {
        this.#engine.tick(Date.now())
        return this.#engine.step(STEP_BYTES)
      },
      (more) => {
        if (more && !this.#stepping) this.#schedule()
      },
    )
  }
}
