// Assertions for suites, which run inside pages and import no test library.
import { type ErrorKind, isEntidbError } from 'entidb'

export function equal(actual: unknown, expected: unknown, what = 'value'): void {
  const [a, b] = [show(actual), show(expected)]
  if (a !== b) throw new Error(`${what} is ${a}, not ${b}`)
}

export function ok(condition: unknown, what: string): asserts condition {
  if (!condition) throw new Error(what)
}

/** Fails unless `call` fails with an error of `kind`, which is returned. */
export async function fails(kind: ErrorKind, call: () => unknown) {
  try {
    await call()
  } catch (error) {
    if (isEntidbError(error, kind)) return error
    throw new Error(`it should have failed with ${kind}`, { cause: error })
  }
  throw new Error(`it should have failed with ${kind}`)
}

/** What went wrong, where in the suites, and why. */
export function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const kind = isEntidbError(error) ? `${error.kind}: ` : ''
  const places = error.stack?.split('\n').filter((line) => /^ +at .*\/suite\//.test(line)) ?? []
  const cause = error.cause === undefined ? '' : `\ncaused by ${explain(error.cause)}`
  return [`${kind}${error.message}`, ...places].join('\n') + cause
}

/** Spells a value with its types, and objects without regard to the order of their properties. */
function show(value: unknown): string {
  if (typeof value === 'bigint') return `${value}n`
  if (typeof value === 'string') return JSON.stringify(value)
  if (typeof value !== 'object' || value === null) return Object.is(value, -0) ? '-0' : `${value}`
  if (value instanceof Date) return `Date(${value.getTime()})`
  if (value instanceof Uint8Array) return `bytes(${value})`
  if (Array.isArray(value)) return `[${Array.from(value, show)}]`
  const properties = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${properties.map(([key, property]) => `${JSON.stringify(key)}: ${show(property)}`)}}`
}
