// A seeded history of commits, and the state after each: what a database that was cut off is held
// to. It follows from its seed alone, so that nothing has to be kept outside the browser.
import { collection, index } from 'entidb/sync'
import { generator } from './people.js'

/** A document that tells which commit wrote it; everything else in it follows. */
export interface Item {
  id: string
  /** The commit that wrote it. */
  n: number
  rank: number
  tags: string[]
  slug: string
  parity: boolean
  text: string
}

/** A collection with an index of each kind. */
export const schema = {
  items: collection<Item>({
    indexes: [
      index('rank', 'n'),
      index('tags', { each: true }),
      index('slug', { unique: true }),
      index('parity', { kind: 'hash' }),
    ],
  }),
}

/** What a commit does to one document: `chars` is the length of its text, absent where it goes. */
export interface Change {
  readonly id: string
  readonly chars?: number
}

export interface Commit {
  /** Counts from 1. */
  readonly n: number
  readonly changes: readonly Change[]
  /** Acknowledged only when it is durable. */
  readonly strict: boolean
}

export type Step =
  /** Called one after the other without waiting. */
  | { readonly do: 'commit'; readonly commits: readonly Commit[] }
  | { readonly do: 'checkpoint' | 'compact' | 'rest' | 'reopen' }

/** The document that commit `n` writes. */
export function itemOf(n: number, { id, chars = 0 }: Change): Item {
  const number = Number.parseInt(id.slice(1), 10)
  const random = generator(n * 7919 + number)
  let text = ''
  // Only a part is random, or nothing could be compressed.
  while (text.length < chars) text += `${random().toString(36).slice(2)} of ${id} `
  return {
    id,
    n,
    rank: (n * 31 + number) % 97,
    tags: [`t${number % 5}`, `t${n % 7}`],
    slug: `${id}.${n}`,
    parity: n % 2 === 0,
    text: text.slice(0, chars),
  }
}

const IDS = 600
/** More than a log takes: it goes to segments, and is acknowledged by a root. */
const LARGE_CHARS = 3_000
const LARGE_CHANGES = 2_600

/** The steps of a seed; the first commits make documents that the later ones change. */
export function planOf(seed: number, steps: number): Step[] {
  const random = generator(seed)
  const below = (limit: number) => Math.floor(random() * limit)
  let n = 0
  const commit = (count: number, strict: boolean, { chars = 400, deletes = 0.15 } = {}): Commit => {
    const changes = new Map<string, Change>()
    while (changes.size < count) {
      const id = `i${below(count > IDS / 2 ? 20_000 : IDS)}`
      changes.set(id, random() < deletes ? { id } : { id, chars: below(chars) })
    }
    n += 1
    return { n, changes: [...changes.values()], strict }
  }
  const large = below(steps)
  const step = (at: number): Step => {
    const roll = below(100)
    if (at === large) {
      const sizes = { chars: LARGE_CHARS, deletes: 0 }
      return { do: 'commit', commits: [commit(LARGE_CHANGES, roll < 50, sizes)] }
    }
    if (roll < 30) return { do: 'commit', commits: [commit(1, true)] }
    if (roll < 45) {
      // A transaction of several calls would not commit in the order in which it was begun.
      const some = () => commit(1 + below(4), below(2) < 1, { deletes: 0 })
      return { do: 'commit', commits: Array.from({ length: 2 + below(7) }, some) }
    }
    if (roll < 60) return { do: 'commit', commits: [commit(1 + below(3), false)] }
    if (roll < 75) return { do: 'commit', commits: [commit(2 + below(12), below(3) > 0)] }
    if (roll < 82) return { do: 'commit', commits: [commit(50 + below(150), below(2) < 1)] }
    if (roll < 90) return { do: 'checkpoint' }
    if (roll < 94) return { do: 'compact' }
    return { do: roll < 97 ? 'rest' : 'reopen' }
  }
  return Array.from({ length: steps }, (_, at) => step(at))
}

/** The documents of a database: who wrote each, and how long its text is. */
export type State = Map<string, { n: number; chars: number }>

/** Applies a commit. */
export function apply(state: State, { n, changes }: Commit): void {
  for (const { id, chars } of changes) {
    if (chars === undefined) state.delete(id)
    else state.set(id, { n, chars })
  }
}

export const commitsOf = (steps: readonly Step[]): Commit[] =>
  steps.flatMap((step) => (step.do === 'commit' ? step.commits : []))

/** The states of a history, known by their digests; a state may be that of several commits. */
export class History {
  readonly #commits: readonly Commit[]
  /** The last commit after which the state has a digest, by the digest. */
  readonly #known = new Map<string, number>()

  constructor(seed: number, steps: number) {
    this.#commits = commitsOf(planOf(seed, steps))
    const state: State = new Map()
    let sums = { a: 0, b: 0 }
    this.#known.set(spell(state.size, sums), 0)
    for (const commit of this.#commits) {
      for (const { id } of commit.changes) sums = toggle(sums, id, state.get(id))
      apply(state, commit)
      for (const { id } of commit.changes) sums = toggle(sums, id, state.get(id))
      this.#known.set(spell(state.size, sums), commit.n)
    }
  }

  /** After which commit the database was in this state; undefined if it never was. */
  find(state: State): number | undefined {
    let sums = { a: 0, b: 0 }
    for (const [id, entry] of state) sums = toggle(sums, id, entry)
    return this.#known.get(spell(state.size, sums))
  }

  /** The state after the first `count` commits. */
  stateAfter(count: number): State {
    const state: State = new Map()
    for (const commit of this.#commits.slice(0, count)) apply(state, commit)
    return state
  }
}

interface Sums {
  a: number
  b: number
}

const spell = (size: number, { a, b }: Sums) => `${size}.${a >>> 0}.${b >>> 0}`

/** Takes an entry into the sums, or out of them again; their order makes no difference. */
function toggle({ a, b }: Sums, id: string, entry: { n: number; chars: number } | undefined): Sums {
  if (entry === undefined) return { a, b }
  let [x, y] = [0x811c_9dc5, 0x9747_b28c]
  for (const char of `${id} ${entry.n} ${entry.chars}`) {
    x = Math.imul(x ^ char.charCodeAt(0), 0x0100_0193)
    y = Math.imul(y ^ char.charCodeAt(0), 0x5bd1_e995)
    y ^= y >>> 15
  }
  return { a: a ^ x, b: b ^ y }
}
