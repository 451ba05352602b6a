// What must be in a database, known from acknowledgements alone, which lie on no disk.
import type { State } from '../shared/protocol.js'
import {
  BULK,
  type Doc,
  SMALL,
  UNREPORTED_MAX,
  VISITS,
  type Visit,
  WRITERS,
} from '../shared/writers.js'
import { contradictions } from './answers.js'
import { advance, NOTHING, type Progress, placeOf, type Stored } from './model.js'

/** The most that the logs and the volume may take of a database that holds some 2 MB. */
export const BYTES_MAX = 32 * 2 ** 20

/** What a check found beside what was acknowledged. */
export interface Found {
  /** Writes that were acknowledged since the last check. */
  readonly acknowledged: number
  /** Writes that nobody had been told of, and that are there, whole. */
  readonly unacknowledged: number
}

export class Oracle {
  readonly #seed: number
  #writers: Progress[] = WRITERS.map(() => NOTHING)
  /** By writer, how many of its writes were acknowledged. */
  #acknowledged = WRITERS.map(() => 0)
  /** By the page that made them, the visits as they were found. */
  #visits = new Map<number, number>()
  /** Visits that were acknowledged since they were looked at. */
  #visited = new Map<number, number>()
  #opened = false

  constructor(seed: number) {
    this.#seed = seed
  }

  /** How far each writer has come. */
  get done(): number[] {
    return this.#writers.map(({ done }) => done)
  }

  /** Notes what was acknowledged, as a page reports it. */
  acknowledge(load: number, done: Readonly<Record<string, number>>): void {
    for (const [writer, n] of Object.entries(done)) {
      if (writer === 'visit') {
        this.#visited.set(load, Math.max(this.#visited.get(load) ?? 0, n))
      } else {
        const before = this.#acknowledged[Number(writer)] ?? 0
        this.#acknowledged[Number(writer)] = Math.max(before, n)
      }
    }
  }

  /** Holds a database as it was opened to what must be in it, and takes it as the new start. */
  check(state: State, extra: boolean): { problems: string[]; found: Found } {
    const problems = contradictions(state, extra)
    if (state.created && this.#opened) problems.push('the database was made anew')
    if (state.bytes > BYTES_MAX) problems.push(`it takes ${state.bytes} bytes`)
    this.#opened = true
    const before = this.done
    const acknowledged = this.#acknowledged
    for (const writer of WRITERS.keys()) {
      const found = this.#find(writer, storedBy(writer, state))
      if (typeof found === 'string') problems.push(found)
      else this.#writers[writer] = found
    }
    problems.push(...this.#strangers(state), ...this.#checkVisits(state))
    const sum = (of: readonly number[]) =>
      of.reduce((total, n, at) => total + n - (before[at] ?? 0), 0)
    const all = sum(this.done)
    const told = sum(acknowledged.map((n, at) => Math.max(n, before[at] ?? 0)))
    this.#acknowledged = this.done
    return { problems, found: { acknowledged: told, unacknowledged: all - told } }
  }

  /** How far a writer came, or what is wrong: there must be one state of its that fits. */
  #find(writer: number, actual: Stored): Progress | string {
    const acknowledged = this.#acknowledged[writer] ?? 0
    const last = acknowledged + (WRITERS[writer]?.awaits ? 1 : UNREPORTED_MAX)
    const lost: Progress[] = []
    const possible: Progress[] = []
    let candidate = this.#writers[writer] ?? NOTHING
    for (; candidate.done <= last; candidate = advance(this.#seed, writer, candidate)) {
      if (candidate.done < acknowledged) lost.push(candidate)
      else possible.push(candidate)
    }
    const fits = ({ stored }: Progress) => compare(actual, stored).length === 0
    const found = possible.find(fits)
    if (found !== undefined) return found
    const before = lost.find(fits)
    if (before !== undefined) {
      const what = `it is as after its write ${before.done}, yet ${acknowledged} were acknowledged`
      return `writer ${writer} has lost writes: ${what}`
    }
    const all = [...lost, ...possible].map(({ done, stored }) => ({
      done,
      differences: compare(actual, stored),
    }))
    all.sort((a, b) => a.differences.length - b.differences.length)
    const [{ done, differences } = { done: 0, differences: [] as string[] }] = all
    const what = `nearest to write ${done} of the acknowledged ${acknowledged}`
    const some = `${differences.length} differences: ${differences.slice(0, 5).join('; ')}`
    return `writer ${writer} is in no state that it was ever in, ${what}, ${some}`
  }

  /** Documents that belong to nobody. */
  #strangers({ collections }: State): string[] {
    const docs = [...SMALL, BULK].flatMap((name) => (collections[name]?.docs ?? []) as Doc[])
    const strange = docs.filter(({ writer }) => WRITERS[writer] === undefined)
    return strange.map((doc) => `a document that nobody wrote: ${JSON.stringify(doc)}`)
  }

  #checkVisits({ collections }: State): string[] {
    const found = new Map(
      (collections[VISITS]?.docs as Visit[] | undefined)?.map(({ id, n }) => [id, n]),
    )
    const problems: string[] = []
    for (const load of new Set([
      ...this.#visits.keys(),
      ...this.#visited.keys(),
      ...found.keys(),
    ])) {
      const n = found.get(load) ?? 0
      const settled = this.#visits.get(load)
      const least = settled ?? this.#visited.get(load) ?? 0
      const most = settled ?? least + 1
      if (n >= least && n <= most) continue
      problems.push(`page ${load} was left at ${n} visits, of ${least} that were acknowledged`)
    }
    this.#visits = found
    this.#visited.clear()
    return problems
  }
}

/** What the collections hold of a writer. */
function storedBy(writer: number, { collections }: State): Stored {
  const stored = new Map<string, Doc>()
  for (const name of [...SMALL, BULK]) {
    for (const doc of (collections[name]?.docs ?? []) as Doc[]) {
      if (doc.writer === writer) stored.set(placeOf(name, doc.id), doc)
    }
  }
  return stored
}

function compare(actual: Stored, expected: Stored): string[] {
  const differences: string[] = []
  for (const [place, doc] of expected) {
    const found = actual.get(place)
    if (found === undefined) differences.push(`${place} of write ${doc.n} is missing`)
    else if (!equal(found, doc)) differences.push(`${place} is of ${told(found)}, not ${told(doc)}`)
  }
  for (const [place, doc] of actual) {
    if (!expected.has(place)) differences.push(`${place} of write ${doc.n} is there`)
  }
  return differences
}

function equal(a: Doc, b: Doc): boolean {
  // Ordered by what differs most often.
  if (a.n !== b.n || a.total !== b.total || a.body !== b.body) return false
  return JSON.stringify(ordered(a)) === JSON.stringify(ordered(b))
}

const ordered = (doc: Doc) => Object.entries(doc).sort(([x], [y]) => (x < y ? -1 : 1))

const told = ({ n, total, body }: Doc) => `write ${n} (total ${total}, ${body.length} long)`
