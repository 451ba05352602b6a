// Whether a database agrees with itself: every access path leads to the same documents.
import type { IndexAnswer, State } from '../shared/protocol.js'
import { type IndexShape, shapes } from '../shared/schema.js'
import type { Doc } from '../shared/writers.js'

/** What contradicts itself, each with its place. */
export function contradictions({ collections }: State, extra: boolean): string[] {
  return Object.entries(shapes(extra)).flatMap(([name, indexes]) => {
    const found = collections[name]
    if (found === undefined) return [`${name}: the collection is missing`]
    const { docs, count } = found
    const problems: string[] = []
    if (count !== docs.length) problems.push(`count() is ${count}, a scan finds ${docs.length}`)
    const ids = docs.map(({ id }) => id)
    const order = differs(ids, [...ids].sort(compare))
    if (order) problems.push(`a scan is out of order: ${order}`)
    for (const shape of indexes) {
      const answer = found.indexes.find(({ paths }) => `${paths}` === `${shape.paths}`)
      problems.push(...indexProblems(docs as Doc[], shape, answer))
    }
    return problems.map((problem) => `${name}: ${problem}`)
  })
}

function indexProblems(docs: Doc[], shape: IndexShape, answer?: IndexAnswer): string[] {
  const name = `the index of ${shape.paths.join(', ')}`
  if (answer === undefined) return [`${name} is missing`]
  if (answer.state !== 'ready') return [`${name} is ${answer.state}`]
  const problems: string[] = []
  const entries = docs.reduce((sum, doc) => sum + entriesOf(doc, shape), 0)
  if (answer.entries !== entries) {
    problems.push(`${name} counts ${answer.entries} entries, the documents make ${entries}`)
  }
  const difference = differs(answer.ids, idsInOrder(docs, shape))
  if (difference) problems.push(`${name} answers otherwise than a scan: ${difference}`)
  return problems
}

/** How many entries of an index a document makes. */
export const entriesOf = ({ tags }: Doc, { each }: IndexShape) => (each ? new Set(tags).size : 1)

/** In the order of keys, then of ids; a document with several keys comes where its first is. */
export function idsInOrder(docs: Doc[], { paths, each }: IndexShape): string[] {
  const keyed = docs.map((doc) => {
    const values: (string | number | boolean)[] = paths.map((path) =>
      path === 'tags' ? first(doc.tags) : doc[path],
    )
    return { id: doc.id, values }
  })
  if (each && paths.length > 1) throw new Error('such an index is not expected')
  keyed.sort((a, b) => {
    for (const [at, value] of a.values.entries()) {
      const order = compare(value, b.values[at] ?? value)
      if (order !== 0) return order
    }
    return compare(a.id, b.id)
  })
  return keyed.map(({ id }) => id)
}

const first = (tags: string[]) => [...tags].sort(compare)[0] ?? ''

/** All text here is ASCII, of which JavaScript's order is that of the database. */
function compare(a: string | number | boolean, b: string | number | boolean): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** The first place at which two lists differ. */
function differs(actual: readonly unknown[], expected: readonly unknown[]): string | undefined {
  const length = Math.max(actual.length, expected.length)
  for (let at = 0; at < length; at++) {
    if (actual[at] === expected[at]) continue
    return `at ${at} of ${length} is ${actual[at]}, not ${expected[at]}`
  }
  return undefined
}
