import { define } from './define.js'
import { isBytes, isPlain } from './encode.js'
import { shapeOf } from './shape.js'

/**
 * A copy of a value as reading it back would give it: keys in their order, nothing undefined, no
 * -0. It must have been encoded before, so that all of it is known to be storable.
 */
export function storedForm(value: unknown): unknown {
  if (typeof value === 'number') return value + 0
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return Array.from(value, storedForm)
  if (isBytes(value)) return Uint8Array.from(value)
  if (!isPlain(value)) return new Date(Date.prototype.getTime.call(value))
  const { keys, order } = shapeOf(Object.keys(value), () => [])
  const copy = {}
  for (const i of order) {
    const key = keys[i] as string
    const inner = (value as Record<string, unknown>)[key]
    if (inner !== undefined) define(copy, key, storedForm(inner))
  }
  return copy
}
