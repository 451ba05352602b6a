import assert from 'node:assert/strict'
import test from 'node:test'
import { dependencies, satisfies } from '../../scripts/licences.mjs'

const allowed = new Set(['MIT', 'Apache-2.0 WITH LLVM-exception', 'Unicode-3.0'])

/** @type {[expression: string, met: boolean][]} */
const expressions = [
  ['MIT', true],
  ['GPL-3.0-only', false],
  ['MIT OR GPL-3.0-only', true],
  ['GPL-3.0-only OR MIT', true],
  ['MIT/Apache-2.0', true],
  ['MIT AND GPL-3.0-only', false],
  ['(GPL-3.0-only OR MIT) AND Unicode-3.0', true],
  ['(MIT OR Apache-2.0) AND GPL-3.0-only', false],
  ['MIT OR Apache-2.0 AND GPL-3.0-only', true],
  ['Apache-2.0 WITH LLVM-exception', true],
  ['Apache-2.0 WITH Other-exception', false],
  ['', false],
]

for (const [expression, met] of expressions) {
  test(`${expression || 'nothing'} is ${met ? '' : 'not '}allowed`, () => {
    assert.equal(satisfies(expression, allowed), met)
  })
}

test('a dependency says why in the line above it, those of tests need not', () => {
  const manifest = `
[dependencies]
entidb = { path = "../engine" }
# Why a.
a = "1"
b.workspace = true

# Why c.
[dependencies.c]
version = "1"
[target.'cfg(windows)'.dependencies]
d = "1"
[dev-dependencies]
e = "1"
`
  assert.deepEqual(dependencies(manifest), [
    { name: 'a', why: true },
    { name: 'b', why: false },
    { name: 'c', why: true },
    { name: 'd', why: false },
  ])
})
