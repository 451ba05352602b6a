import { rate } from '../workloads/measure.js'
import type { Limit } from './limit.js'

const TRIPS = 1_000

/** One small message to another worker and its answer, one at a time. */
export const roundTrip: Limit = {
  name: 'round-trip',
  title: 'postMessage round trip to a worker',
  unit: 'operations/s',
  onPages: true,
  async run() {
    const worker = new Worker(new URL('./echo.js', import.meta.url), { type: 'module' })
    const echo = (message: number) =>
      new Promise<void>((resolve) => {
        worker.onmessage = () => resolve()
        worker.postMessage(message)
      })
    try {
      await echo(0)
      const value = await rate(TRIPS, async () => {
        for (let i = 0; i < TRIPS; i++) await echo(i)
      })
      return { value }
    } finally {
      worker.terminate()
    }
  },
}
