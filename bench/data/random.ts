/** Random numbers that a seed repeats, so that every peer is asked the same. */
export class Random {
  #state: number

  /** Different parts give different sequences. */
  constructor(...seed: (string | number)[]) {
    let hash = 0x811c9dc5
    for (const character of seed.join('/')) {
      hash = Math.imul(hash ^ character.charCodeAt(0), 0x01000193)
    }
    this.#state = hash >>> 0
  }

  /** A number from 0 on and below 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let mixed = this.#state
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000
  }

  /** A whole number from 0 on and below `limit`. */
  below(limit: number): number {
    return Math.floor(this.next() * limit)
  }

  /** One of several. */
  pick<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)] as T
  }

  /** The whole numbers from 0 on and below `count`, in an order of its own. */
  permutation(count: number): Uint32Array {
    const order = Uint32Array.from({ length: count }, (_, at) => at)
    for (let at = count - 1; at > 0; at--) {
      const other = this.below(at + 1)
      const value = order[at] as number
      order[at] = order[other] as number
      order[other] = value
    }
    return order
  }
}
