import type { Random } from './random.js'

/** How uneven: 0.99 is what YCSB uses. */
const THETA = 0.99

/**
 * Ranks from 0 on, of which the first are drawn most often, as J. Gray and others draw them in
 * "Quickly generating billion-record synthetic databases".
 */
export class Zipfian {
  readonly #random: Random
  readonly #count: number
  readonly #sum: number
  readonly #eta: number

  constructor(random: Random, count: number) {
    this.#random = random
    this.#count = count
    this.#sum = sumTo(count)
    this.#eta = (1 - (2 / count) ** (1 - THETA)) / (1 - sumTo(2) / this.#sum)
  }

  next(): number {
    const drawn = this.#random.next()
    const scaled = drawn * this.#sum
    if (scaled < 1) return 0
    if (scaled < 1 + 0.5 ** THETA) return 1
    const rank = this.#count * (this.#eta * drawn - this.#eta + 1) ** (1 / (1 - THETA))
    return Math.min(this.#count - 1, Math.floor(rank))
  }
}

function sumTo(count: number): number {
  let sum = 0
  for (let rank = 1; rank <= count; rank++) sum += 1 / rank ** THETA
  return sum
}
