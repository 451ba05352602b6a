/**
 * A number that equal documents in equal order share, so that peers can be held to the same
 * results. The order of properties does not count: not every store keeps it.
 */
export class Checksum {
  #hash = 0x811c9dc5
  #count = 0

  add(value: unknown): void {
    const text = JSON.stringify(value, sorted)
    for (let at = 0; at < text.length; at++) {
      this.#hash = Math.imul(this.#hash ^ text.charCodeAt(at), 0x01000193)
    }
    this.#count += 1
  }

  /** How many values were added, and their sum. */
  toString(): string {
    return `${this.#count}:${(this.#hash >>> 0).toString(16)}`
  }
}

function sorted(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
}
