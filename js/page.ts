/** Pages of a query, whose documents are decoded one by one as they are asked for. */

import { decodeDocument } from './codec/decode.js'
import { Reader } from './codec/reader.js'
import { decodeId } from './ids.js'
import type { Id } from './types/values.js'

const DONE = 1

/** One page. */
export class Page {
  /** Whether no page follows. */
  readonly done: boolean
  /** What the next page is asked for by; 0 where none follows. */
  readonly cursor: number
  #rows: number
  readonly #reader: Reader

  constructor(bytes: Uint8Array) {
    this.#reader = new Reader(bytes)
    this.done = (this.#reader.u8() & DONE) !== 0
    this.cursor = this.#reader.varint()
    this.#rows = this.#reader.varint()
  }

  /** Whether there are rows that have not been taken. */
  get more(): boolean {
    return this.#rows > 0
  }

  /** Takes the next row of a page of ids. */
  id(): Id {
    this.#rows -= 1
    const start = this.#skipSlice()
    return decodeId(this.#reader.bytes, start, this.#reader.at)
  }

  /** Takes the next row of a page of documents. */
  document(): Record<string, unknown> {
    const id = this.id()
    const start = this.#skipSlice()
    return decodeDocument(this.#reader.bytes, id, start, this.#reader.at)
  }

  #skipSlice(): number {
    return this.#reader.skip(this.#reader.varint())
  }
}
