/**
 * What is written. Write number `n` of a writer follows from the seed alone, and no two writers
 * touch a document in common: what a writer has written is known from how far it came, and each
 * `n` leaves another state.
 */
import { Random } from '../../shared/random.js'

/** The collections that the small writes share; the bulk writer has `bulk` to itself. */
export const SMALL = ['a', 'b', 'c'] as const
export const BULK = 'bulk'
/** One document for each page of a reload storm. */
export const VISITS = 'visits'

export interface Doc {
  id: string
  writer: number
  n: number
  rank: number
  tags: string[]
  slug: string
  flag: boolean
  /** Only ever added to, by reading it first. */
  total: number
  body: string
}

/** A visit, which the pages of a storm make: `n` writes of page `id` were made. */
export interface Visit {
  id: number
  n: number
}

export type Durability = 'strict' | 'relaxed'

/** A place of a document. */
export type Place = readonly [collection: string, id: string]

export type Write =
  | { readonly do: 'put'; readonly collection: string; readonly docs: readonly Doc[] }
  | {
      readonly do: 'transaction'
      readonly adds: readonly (readonly [...Place, amount: number])[]
      readonly puts: readonly (readonly [collection: string, doc: Doc])[]
      readonly deletes: readonly Place[]
    }
  | { readonly do: 'clear'; readonly collection: string }

/** How a writer works. */
export interface Writer {
  readonly durability: Durability
  /** Waits until a write was acknowledged, and that was reported, before the next. */
  readonly awaits: boolean
  readonly bulk?: true
}

export const WRITERS: readonly Writer[] = [
  { durability: 'strict', awaits: true },
  { durability: 'strict', awaits: false },
  { durability: 'relaxed', awaits: true },
  { durability: 'relaxed', awaits: false },
  { durability: 'strict', awaits: true, bulk: true },
]

/** The writer that imports. */
export const BULK_WRITER = 4

/** Writes that a writer has under way, or acknowledged and not reported, at most. */
export const UNREPORTED_MAX = 48

const IDS = 24
const BULK_DOCS_MAX = 2_500
/** Every so many writes of the bulk writer clear its collection. */
const CLEAR_EVERY = 6

/** Write number `n`, counted from 1, of a writer. */
export function writeOf(seed: number, writer: number, n: number): Write {
  const random = new Random(seed, writer, n)
  const { bulk, awaits } = WRITERS[writer] as Writer
  if (bulk) return bulkWrite(random, n)
  // Transactions under way at the same time would have no order that is known.
  if (awaits && random.unit() < 0.5) return transaction(random, writer, n)
  const collection = random.pick(SMALL)
  const count = random.unit() < 0.7 ? 1 : 2 + random.below(8)
  return { do: 'put', collection, docs: some(random, writer, n, count, 'put') }
}

function bulkWrite(random: Random, n: number): Write {
  if (n % CLEAR_EVERY === 0) return { do: 'clear', collection: BULK }
  const count = 100 + random.below(BULK_DOCS_MAX - 100)
  const docs = Array.from({ length: count }, (_, at) => {
    return { ...doc(random, BULK_WRITER, n, `bulk${at}`, ''), body: `document ${at} of ${n}` }
  })
  return { do: 'put', collection: BULK, docs }
}

function transaction(random: Random, writer: number, n: number): Write {
  const place = (): Place => [random.pick(SMALL), idOf(writer, random.below(IDS))]
  const places = (count: number) => Array.from({ length: count }, place)
  return {
    do: 'transaction',
    adds: places(random.below(3)).map((at) => [...at, 1 + random.below(100)]),
    // Last of all something new, so that no transaction leaves everything as it was.
    deletes: places(random.below(3)),
    puts: SMALL.slice(random.below(2)).flatMap((collection) =>
      some(random, writer, n, 1 + random.below(3), collection).map(
        (one) => [collection, one] as const,
      ),
    ),
  }
}

/** Documents with different ids. */
function some(random: Random, writer: number, n: number, count: number, why: string): Doc[] {
  const first = random.below(IDS)
  return Array.from({ length: count }, (_, at) => {
    return doc(random, writer, n, idOf(writer, (first + at) % IDS), why)
  })
}

const idOf = (writer: number, number: number) => `w${writer}-${String(number).padStart(2, '0')}`

function doc(random: Random, writer: number, n: number, id: string, why: string): Doc {
  const large = random.unit() < 0.02
  return {
    id,
    writer,
    n,
    rank: random.below(50),
    tags: [`t${random.below(5)}`, `t${random.below(9)}`],
    slug: `${why}/${id}/${n}`,
    flag: random.unit() < 0.5,
    total: 0,
    body: '.'.repeat(random.below(large ? 20_000 : 200)),
  }
}
