// The oracle of the kill matrix must notice every kind of loss: each is planted here once.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { entriesOf, idsInOrder } from '../kills/oracle/answers.js'
import { advance, NOTHING, type Progress } from '../kills/oracle/model.js'
import { BYTES_MAX, Oracle } from '../kills/oracle/oracle.js'
import type { State } from '../kills/shared/protocol.js'
import { shapes } from '../kills/shared/schema.js'
import { type Doc, VISITS, type Visit, WRITERS } from '../kills/shared/writers.js'

const SEED = 7
const WRITES = 40
const VISITOR = 3

type Stored = Map<string, Doc>
type Change = (writers: Stored[]) => void

/** Every writer after `n` of its writes. */
function writersAfter(n: number): Stored[] {
  return Array.from(WRITERS.keys(), (writer) => {
    let progress: Progress = NOTHING
    while (progress.done < n) progress = advance(SEED, writer, progress)
    return new Map(progress.stored)
  })
}

/** A database that holds just this, and agrees with itself. */
function stateOf(writers: readonly Stored[], visits: readonly Visit[]): State {
  const collections: Record<string, State['collections'][string]> = {}
  const all = writers.flatMap((stored) => [...stored])
  for (const [name, indexes] of Object.entries(shapes(true))) {
    const docs = all.filter(([place]) => place.startsWith(`${name} `)).map(([, doc]) => doc)
    docs.sort((a, b) => (a.id < b.id ? -1 : 1))
    const answers = indexes.map((shape) => ({
      paths: shape.paths,
      state: 'ready',
      entries: docs.reduce((sum, doc) => sum + entriesOf(doc, shape), 0),
      ids: idsInOrder(docs, shape),
    }))
    collections[name] = { docs, count: docs.length, indexes: answers }
  }
  collections[VISITS] = { docs: visits, count: visits.length, indexes: [] }
  return { load: 1, backend: 'opfs', created: false, collections, bytes: 0, openMs: 0 }
}

/** An oracle that knows of `n` acknowledged writes of each writer, and of two visits. */
function oracleOf(n: number): Oracle {
  const oracle = new Oracle(SEED)
  oracle.check({ ...stateOf(writersAfter(0), []), created: true }, true)
  const done = Object.fromEntries(Array.from(WRITERS.keys(), (writer) => [writer, n]))
  oracle.acknowledge(VISITOR, { ...done, visit: 2 })
  return oracle
}

function problemsOf(change: Change, visits: readonly Visit[] = [{ id: VISITOR, n: 2 }]): string[] {
  const writers = writersAfter(WRITES)
  change(writers)
  return oracleOf(WRITES).check(stateOf(writers, visits), true).problems
}

/** The state of a database, changed where it lies. */
function problemsIn(change: (state: State) => State): string[] {
  const state = stateOf(writersAfter(WRITES), [{ id: VISITOR, n: 2 }])
  return oracleOf(WRITES).check(change(state), true).problems
}

const lastOf = (stored: Stored) =>
  [...stored].filter(([, { n }]) => n === Math.max(...[...stored.values()].map((doc) => doc.n)))

test('what was acknowledged is as it must be', () => {
  assert.deepEqual(
    problemsOf(() => {}),
    [],
  )
})

test('a write that nobody was told of may be there, whole', () => {
  const writers = writersAfter(WRITES + 1)
  const { problems, found } = oracleOf(WRITES).check(
    stateOf(writers, [{ id: VISITOR, n: 3 }]),
    true,
  )
  assert.deepEqual(problems, [])
  assert.equal(found.unacknowledged, WRITERS.length)
})

for (const writer of WRITERS.keys()) {
  test(`the last acknowledged write of writer ${writer} must not be lost`, () => {
    const problems = problemsOf((writers) => {
      writers[writer] = writersAfter(WRITES - 1)[writer] as Stored
    })
    assert.match(problems.join(), /has lost writes/)
  })

  test(`half a write of writer ${writer} is noticed`, () => {
    const problems = problemsOf((writers) => {
      const next = writersAfter(WRITES + 1)[writer] as Stored
      const changed = lastOf(next)
      assert.ok(changed.length > 0)
      // One document more than before, or one fewer: neither is a state that ever was.
      const stored = writers[writer] as Stored
      for (const [place, doc] of changed.slice(0, -1)) stored.set(place, doc)
      if (changed.length === 1) stored.delete([...stored.keys()][0] as string)
    })
    assert.match(problems.join(), /in no state that it was ever in/)
  })
}

test('a document that nobody wrote is noticed', () => {
  const problems = problemsOf(([first]) => {
    const [[, doc] = assert.fail()] = [...(first as Stored)]
    first?.set('a stranger', { ...doc, id: 'stranger', writer: 99 })
  })
  assert.match(problems.join(), /nobody wrote/)
})

test('an added amount that was lost is noticed', () => {
  const problems = problemsOf(([first]) => {
    const [[place, doc] = assert.fail()] = [...(first as Stored)]
    first?.set(place, { ...doc, total: doc.total + 1 })
  })
  assert.match(problems.join(), /in no state/)
})

test('visits that were lost, or come from nowhere, are noticed', () => {
  assert.match(problemsOf(() => {}, [{ id: VISITOR, n: 1 }]).join(), /page 3 was left at 1/)
  assert.match(problemsOf(() => {}, []).join(), /page 3 was left at 0/)
  assert.match(problemsOf(() => {}, [{ id: VISITOR, n: 9 }]).join(), /page 3 was left at 9/)
})

test('a database that was made anew, or grows without a bound, is noticed', () => {
  assert.match(problemsIn((state) => ({ ...state, created: true })).join(), /made anew/)
  assert.match(problemsIn((state) => ({ ...state, bytes: BYTES_MAX + 1 })).join(), /bytes/)
})

/** The collection `a`, changed. */
function inA(change: (a: State['collections'][string]) => Partial<State['collections'][string]>) {
  return problemsIn((state) => {
    const a = state.collections.a ?? assert.fail()
    return { ...state, collections: { ...state.collections, a: { ...a, ...change(a) } } }
  }).join()
}

test('a wrong count, order or index is noticed', () => {
  assert.match(
    inA(({ count }) => ({ count: count - 1 })),
    /count\(\)/,
  )
  assert.match(
    inA(({ docs }) => ({ docs: [...docs].reverse() })),
    /out of order/,
  )
  assert.match(
    inA(({ indexes }) => ({ indexes: indexes.slice(1) })),
    /rank is missing/,
  )
  for (const at of shapes(true).a?.keys() ?? []) {
    const changed = (change: Partial<State['collections'][string]['indexes'][number]>) =>
      inA(({ indexes }) => ({
        indexes: indexes.map((answer, i) => (i === at ? { ...answer, ...change } : answer)),
      }))
    assert.match(changed({ ids: ['stranger'] }), /answers otherwise than a scan/)
    assert.match(changed({ entries: 1 }), /counts 1 entries/)
    assert.match(changed({ state: 'building' }), /is building/)
  }
})
