/** What is counted of a measure, and which way is better. */
export type Unit = 'operations/s' | 'ms' | 'bytes/document' | 'kB'

/** One measurement of a workload or a limit. */
export interface Outcome {
  /** In the unit of the measure. */
  value: number
  /** Equal for all who did the same work and got the same results. */
  checksum?: string
  /** Where time ran out: how many operations were done, and how many there were to do. */
  partly?: { readonly done: number; readonly of: number }
}

/** Runs `work` and gives its operations in a second. The clock of a page is coarse: do many. */
export async function rate(operations: number, work: () => unknown): Promise<number> {
  const start = performance.now()
  await work()
  return (operations * 1000) / (performance.now() - start)
}

/** Runs `work` and gives the milliseconds it took. */
export async function duration(work: () => unknown): Promise<number> {
  const start = performance.now()
  await work()
  return performance.now() - start
}

/** What came of work that may stop early. */
export interface Paced {
  /** Inputs in a second. */
  perSecond: number
  /** How many inputs were gone through. */
  done: number
}

/**
 * Does one step after the other for `inputs`, and stops where the time is over. Answers that are
 * there at once are not waited for.
 */
export async function paced<Input>(
  inputs: readonly Input[],
  secondsMax: number,
  step: (input: Input) => unknown,
): Promise<Paced> {
  const start = performance.now()
  const end = start + secondsMax * 1000
  let done = 0
  for (const input of inputs) {
    const reply = step(input)
    if (reply instanceof Promise) await reply
    done += 1
    if (performance.now() >= end) break
  }
  return { perSecond: (done * 1000) / (performance.now() - start), done }
}

/** What an outcome says where not everything was done. */
export function partly({ done }: Paced, of: number): Pick<Outcome, 'partly'> {
  return done < of ? { partly: { done, of } } : {}
}
