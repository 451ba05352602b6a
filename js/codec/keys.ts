/**
 * The keys that decoded objects have had, as a tree: each node is one key after the keys above it.
 * Documents of a collection mostly have the same keys in the same order, so reading a key is
 * comparing bytes with what came last time, and its text and its place in the order are known.
 */

import { corrupt } from '../errors.js'
import { compareBytes } from './shape.js'
import { getUtf8 } from './utf8.js'

/** Nodes kept before all are forgotten: maps with ever new keys must not fill the memory. */
const NODES_MAX = 8192
/** Keys remembered after the same keys; one more replaces the oldest. */
const NEXT_MAX = 32
/** Longer keys are not remembered. */
const KEY_BYTES_MAX = 128

let nodes = 0

/** One key, after the keys that lead to it; or the start of an object, before its first key. */
export class KeyNode {
  /** The key itself. */
  readonly key: string
  /** The key as it is encoded, head included. */
  readonly bytes: Uint8Array
  /** Whether these are the keys of a document itself, where `id` has no place. */
  readonly document: boolean
  /** The key that came after this one last time. */
  last: KeyNode | undefined = undefined
  /** Where objects start that are the value of this key. */
  inner: KeyNode | undefined = undefined
  #next: KeyNode[] = []
  #oldest = 0

  constructor(key: string, bytes: Uint8Array, document: boolean) {
    this.key = key
    this.bytes = bytes
    this.document = document
  }

  /**
   * The node for the key whose encoded form is `bytes[start..end]`, with its text at `text`.
   * Fails with `Corrupt` where the key is not UTF-8, not after this one in order, or not allowed.
   * It is remembered only where `remember` says so.
   */
  step(bytes: Uint8Array, start: number, text: number, end: number, remember: boolean): KeyNode {
    const length = end - start
    for (const next of this.#next) {
      if (next.bytes.length === length && startsWith(bytes, start, next.bytes)) {
        this.last = next
        return next
      }
    }
    const encoded = bytes.slice(start, end)
    if (compareBytes(this.bytes, encoded) >= 0) {
      throw corrupt(start)
    }
    const key = getUtf8(bytes, text, end)
    if (key === undefined) throw corrupt(start)
    if (this.document && key === 'id') throw corrupt(start)
    const node = new KeyNode(key, encoded, this.document)
    if (remember && nodes < NODES_MAX && length <= KEY_BYTES_MAX) this.#remember(node)
    return node
  }

  #remember(node: KeyNode): void {
    nodes += 1
    this.last = node
    if (this.#next.length < NEXT_MAX) {
      this.#next.push(node)
    } else {
      this.#next[this.#oldest] = node
      this.#oldest = (this.#oldest + 1) % NEXT_MAX
    }
  }
}

function startsWith(bytes: Uint8Array, start: number, prefix: Uint8Array): boolean {
  for (let i = 0; i < prefix.length; i++) if (bytes[start + i] !== prefix[i]) return false
  return true
}

function emptyRoot(document: boolean): KeyNode {
  return new KeyNode('', new Uint8Array(0), document)
}

let documents = emptyRoot(true)
let values = emptyRoot(false)

/** Where the keys of a document start. */
export function documentKeys(): KeyNode {
  forgetIfMany()
  return documents
}

/** What stands in for the key of a value that is not inside a document. */
export function valueKeys(): KeyNode {
  forgetIfMany()
  return values
}

/** Where the keys of an object start that is the value of `owner`. */
export function innerKeys(owner: KeyNode): KeyNode {
  owner.inner ??= emptyRoot(false)
  return owner.inner
}

function forgetIfMany(): void {
  if (nodes < NODES_MAX) return
  nodes = 0
  documents = emptyRoot(true)
  values = emptyRoot(false)
}
