// Every call of the page goes through here: it is timed, and shown as the code that made it.

/** A call that has been answered. */
export interface Call {
  /** What a developer would write. */
  readonly code: string
  readonly ms: number
  /** What came back, in a few words. */
  readonly answer: string
  readonly failed: boolean
}

/** Tells those who listen about every call. */
export class CallLog {
  private readonly listeners = new Set<(call: Call) => void>()

  /** Calls `listener` after every call. */
  listen(listener: (call: Call) => void): void {
    this.listeners.add(listener)
  }

  /** Makes a call, and says how long it took and what came back. */
  async run<T>(code: string, work: () => Promise<T>, describe: (result: T) => string): Promise<T> {
    const start = performance.now()
    try {
      const result = await work()
      this.add({ code, ms: performance.now() - start, answer: describe(result), failed: false })
      return result
    } catch (error) {
      const answer = error instanceof Error ? error.message : String(error)
      this.add({ code, ms: performance.now() - start, answer, failed: true })
      throw error
    }
  }

  private add(call: Call): void {
    for (const listener of this.listeners) listener(call)
  }
}
