/** What is counted of a measure, and which way is better. */
export type Unit = 'operations/s' | 'ms' | 'bytes/document'

/** One measurement of a workload or a limit. */
export interface Outcome {
  /** In the unit of the measure. */
  value: number
  /** Equal for all who did the same work and got the same results. */
  checksum?: string
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
