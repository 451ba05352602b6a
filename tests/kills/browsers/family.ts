import { readdirSync, readFileSync } from 'node:fs'

/** Threads that run a dedicated worker, as the browsers name them. */
const WORKER_THREADS = /^(DedicatedWorker|DOM Worker|WebCore: Worker)/

/**
 * The processes of a session: everything that a program started as the leader of one has started,
 * as no browser leaves its session.
 */
export function processesOf(session: number): number[] {
  return numbersIn('/proc').filter((pid) => {
    // After the name, which may hold spaces: state, parent, group, session.
    const stat = read(`/proc/${pid}/stat`)
    const [state, , , of] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return Number(of) === session && state !== 'Z' && state !== 'X'
  })
}

/** Whether a process runs a dedicated worker of a page. */
export function hasWorker(pid: number): boolean {
  return numbersIn(`/proc/${pid}/task`).some((thread) =>
    WORKER_THREADS.test(read(`/proc/${pid}/task/${thread}/comm`)),
  )
}

/** Sends a signal to processes of which some may have ended by themselves. */
export function signal(pids: readonly number[], name: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, name)
    } catch {
      // It ended with another.
    }
  }
}

/** Looks again and again until it is so: the end of a process that is no child is no event. */
export async function until(isSo: () => boolean, what: string): Promise<void> {
  const deadline = Date.now() + 30_000
  while (!isSo()) {
    if (Date.now() > deadline) throw new Error(`${what} does not happen`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

function numbersIn(folder: string): number[] {
  try {
    return readdirSync(folder).map(Number).filter(Number.isInteger)
  } catch {
    // The process has ended.
    return []
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
