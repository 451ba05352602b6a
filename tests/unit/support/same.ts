import assert from 'node:assert/strict'

/** Holds two values to be equal, their properties in the same order. */
export function assertSame(actual: unknown, expected: unknown): void {
  assert.deepStrictEqual(actual, expected)
  assert.deepStrictEqual(namesOf(actual), namesOf(expected))
}

/** The names of all properties in their order. */
function namesOf(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return null
  return Reflect.ownKeys(value).map((name) => [name, namesOf((value as never)[name])])
}
