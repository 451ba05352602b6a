/** A seeded source of numbers (mulberry32), the same in a page and outside. */
export class Random {
  #state = 0x9e37_79b9

  /** What follows depends on every part. */
  constructor(...parts: readonly number[]) {
    for (const part of parts) {
      this.#state = Math.imul(this.#state ^ part, 0x85eb_ca6b)
      this.#state = (this.#state ^ (this.#state >>> 13)) >>> 0
    }
  }

  /** A number from 0 up to 1. */
  unit(): number {
    this.#state = (this.#state + 0x6d2b_79f5) >>> 0
    let x = this.#state
    x = Math.imul(x ^ (x >>> 15), x | 1)
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61)
    return ((x ^ (x >>> 14)) >>> 0) / 2 ** 32
  }

  /** A whole number from 0 up to `end`. */
  below(end: number): number {
    return Math.floor(this.unit() * end)
  }

  /** One of `choices`. */
  pick<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)] as T
  }
}
