import { collection, index } from 'entidb'

export interface Task {
  id: string
  title: string
  project?: string | undefined
  rank: number
  tags: string[]
  slug?: string | undefined
  done: boolean
}

/** A collection with an index of each kind. */
export const schema = {
  tasks: collection<Task>({
    indexes: [
      index('project', 'rank'),
      index('rank'),
      index('tags', { each: true }),
      index('slug', { unique: true }),
      index('done', { kind: 'hash' }),
    ],
  }),
}

/** The task number `n`, of which every property follows. */
export function task(n: number): Task {
  return {
    id: `t${String(n).padStart(5, '0')}`,
    title: `Task ${n}`,
    project: `p${n % 5}`,
    rank: (n * 7) % 101,
    tags: [`tag${n % 3}`, `tag${n % 7}`],
    slug: `slug-${n}`,
    done: n % 2 === 0,
  }
}

export const tasks = (count: number): Task[] => Array.from({ length: count }, (_, n) => task(n))

export const ids = (list: readonly { id: string }[]): string[] => list.map(({ id }) => id)
