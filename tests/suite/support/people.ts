import { collection, index } from 'entidb/sync'

/** A document of about 200 bytes. */
export interface Person {
  id: string
  country: string
  age: number
  email: string
  score: number
  name: string
  about: string
  active: boolean
}

export const schema = {
  people: collection<Person>({
    indexes: [index('country', 'age'), index('email', { unique: true }), index('score')],
  }),
}

const MULTIPLIER = 0x9e37_79b9_7f4a_7c15n
const MASK = (1n << 64n) - 1n

/** The id of person `n`; ids are in no order. */
export function idOf(n: number): string {
  const mixed = (BigInt(n + 1) * MULTIPLIER) & MASK
  return mixed.toString(16).padStart(16, '0') + n.toString(16).padStart(10, '0')
}

/** Person `n`. */
export function person(n: number): Person {
  const random = generator(n)
  const text = (length: number) =>
    Array.from({ length }, () => String.fromCharCode(97 + Math.floor(random() * 26))).join('')
  return {
    id: idOf(n),
    country: `country ${Math.floor(random() * 200)}`,
    age: 18 + Math.floor(random() * 80),
    email: `person${n}@example.org`,
    score: random(),
    name: text(18),
    about: text(60),
    active: random() < 0.5,
  }
}

export const people = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, at) => person(from + at))

/** Numbers from 0 to 1 that follow from `seed`. */
export function generator(seed: number): () => number {
  let state = (seed * 2_654_435_761) >>> 0
  return () => {
    state = (state + 0x6d2b_79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
