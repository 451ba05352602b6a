/** Pages of a query, whose documents are decoded one by one as they are asked for. */

import { Reader } from './codec/reader.js'
import { RowReader } from './codec/rows.js'
import type { Id } from './types/values.js'

const DONE = 1

/** One page. */
export class Page {
  /** Whether no page follows. */
  readonly done: boolean
  /** What the next page is asked for by; 0 where none follows. */
  readonly cursor: number
  readonly #rows: RowReader

  constructor(bytes: Uint8Array) {
    const reader = new Reader(bytes)
    this.done = (reader.u8() & DONE) !== 0
    this.cursor = reader.varint()
    reader.varint()
    this.#rows = new RowReader(bytes, reader.at)
  }

  /** Whether there are rows that have not been taken. */
  get more(): boolean {
    return !this.#rows.done
  }

  /** Takes the next row of a page of ids. */
  id(): Id {
    return this.#rows.id()
  }

  /** Takes the next row of a page of documents. */
  document(): Record<string, unknown> {
    return this.#rows.row()
  }
}
