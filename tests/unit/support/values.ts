/** Random values of every kind that can be stored. */

import type { Id } from '../../../js/types.js'
import type { Random } from '../../shared/random.js'

const alphabets = ['abc', 'a\u0000\u007f', '\u00e9\u07ff', '\u20ac\uffff', '\u{1f600}z']
const lengths = [0, 1, 5, 23, 24, 60, 80, 81, 133, 255, 256, 399, 400, 401, 900, 22_000]
const edges = [0, 23, 24, 255, 256, 65_535, 65_536, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 53]
const floats = new DataView(new ArrayBuffer(8))

export function text(random: Random): string {
  const alphabet = [...random.pick(alphabets)]
  const length = random.pick(random.below(20) === 0 ? lengths : lengths.slice(0, 6))
  let text = ''
  for (let i = 0; i < length; i++) text += random.below(9) === 0 ? random.pick(alphabet) : 'k'
  return text
}

/** Not -0, which is stored as 0. */
function number(random: Random): number {
  return anyNumber(random) + 0
}

function anyNumber(random: Random): number {
  const near = random.pick(edges) + random.below(5) - 2
  switch (random.below(5)) {
    case 0:
      return near
    case 1:
      return -near
    case 2:
      return random.below(2 ** 16) / 2 ** random.below(40)
    case 3:
      return Math.fround(random.unit() * 2 ** (random.below(250) - 125)) || 0.5
    default: {
      floats.setUint32(0, random.below(2 ** 32))
      floats.setUint32(4, random.below(2 ** 32))
      const any = floats.getFloat64(0)
      return Number.isFinite(any) ? any : 0.25
    }
  }
}

function bigint(random: Random): bigint {
  const near = 2n ** BigInt(random.below(64)) + BigInt(random.below(3)) - 1n
  if (random.below(2) === 0) return near
  return near > 2n ** 63n ? -(2n ** 63n) : -near
}

export function value(random: Random, depth: number): unknown {
  switch (random.below(depth > 4 ? 8 : 11)) {
    case 0:
      return null
    case 1:
      return random.below(2) === 0
    case 2:
      return bigint(random)
    case 3:
      return new Date(Math.trunc((random.unit() - 0.5) * 2 * 10 ** random.pick([3, 9, 12, 15.9])))
    case 4:
      return Uint8Array.from({ length: random.below(40) }, () => random.below(256))
    case 5:
    case 6:
      return text(random)
    case 7:
      return number(random)
    case 8:
      return Array.from({ length: random.below(6) }, () => value(random, depth + 1))
    default:
      return object(random, depth + 1)
  }
}

/** Few names, so that shapes are met again; now and then many, so that they are forgotten. */
export function object(random: Random, depth: number): Record<string, unknown> {
  const result: Record<string, unknown> = {}
  const count = random.below(200) === 0 ? 90 : random.below(8)
  for (let i = 0; i < count; i++) {
    const name =
      random.below(30) === 0
        ? text(random)
        : `${random.pick(['name', 'a', 'zz', '\u00e9', '7'])}${random.below(3) || ''}`
    const property = { value: value(random, depth), enumerable: true, writable: true }
    Object.defineProperty(result, random.below(100) === 0 ? '__proto__' : name, {
      ...property,
      configurable: true,
    })
  }
  return result
}

const letters = ['\0', '\u0001', 'a', '\u00ff', '\uffff', '\u{1f600}']

/** An id of any kind. */
export function id(random: Random): Id {
  switch (random.below(5)) {
    case 0:
      return random.below(300) - 100
    case 1:
      return (random.below(2 ** 32) - 2 ** 31) * 2 ** random.below(22) + 0
    case 2:
      return uuid(random)
    case 3:
      return `${random.pick(['k', 'name', uuid(random).toUpperCase()])}${random.below(999)}`
    default:
      return Array.from({ length: 1 + random.below(9) }, () => random.pick(letters)).join('')
  }
}

function uuid(random: Random): string {
  const digits = (n: number) =>
    random
      .below(2 ** (4 * n))
      .toString(16)
      .padStart(n, '0')
  const groups = [digits(8), digits(4), digits(4), digits(4), digits(8) + digits(4)]
  return groups.join('-')
}
