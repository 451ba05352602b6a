import { workloads } from '../workloads/index.js'
import type { Workload } from '../workloads/workload.js'

/** A row of the report. */
export type Measure = Omit<Workload, 'run' | 'onPages'>

/** What a round begins with. */
export const OPEN_COLD: Measure = {
  name: 'open-cold',
  title: 'start: load the code, open an empty database, first durable put',
  unit: 'ms',
}

/** Scripts, modules and other files, each compressed on its own. */
export const DOWNLOAD: Measure = {
  name: 'download',
  title: 'what is loaded for it, gzip',
  unit: 'kB',
}

/** Every row, in the order of the report. */
export const measures: readonly Measure[] = [DOWNLOAD, OPEN_COLD, ...workloads]
