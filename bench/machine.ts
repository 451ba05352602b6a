import { cpus, loadavg, release, totalmem, type } from 'node:os'
import { ask, Failure } from '../scripts/lib/run.mjs'

/** What a run was made on, as the report says it. */
export interface Machine {
  system: string
  processor: string
  cores: number
  memory: string
  /** The file system of the browser's profile. */
  disk: string
  browser: string
  /** Load averages of the last minute, before and after; above the cores the machine was busy. */
  load: { before: number; after: number }
}

/** In these, files lie in memory and a flush does nothing. */
const IN_MEMORY = ['tmpfs', 'ramfs', 'devtmpfs']

/** Looks at the machine; a profile folder that lies in memory is a `Failure`. */
export function lookAtMachine(profile: string, browser: string): Machine {
  const [processor] = cpus()
  const load = currentLoad()
  return {
    system: `${type()} ${release()}`,
    processor: processor?.model.trim() || 'unknown',
    cores: cpus().length,
    memory: `${Math.round(totalmem() / 2 ** 30)} GiB`,
    disk: fileSystemOf(profile),
    browser,
    load: { before: load, after: load },
  }
}

/** The load average of the last minute. */
export function currentLoad(): number {
  return loadavg()[0] ?? 0
}

function fileSystemOf(folder: string): string {
  const fileSystem = ask('stat', ['--file-system', '--format=%T', folder]) ?? 'unknown'
  if (!IN_MEMORY.includes(fileSystem)) return fileSystem
  throw new Failure(`${folder} lies in memory (${fileSystem}): run this on a disk`)
}
