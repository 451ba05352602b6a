import { checkCollectionName } from './names.js'
import type { Port } from './port.js'
import { type Routine, wait } from './routine.js'
import type { StandardSchema } from './types/declare.js'

/** A collection by name: what is known of it, shared by all objects that stand for it. */
export class Handle {
  readonly name: string
  /** Validates what is written, where it was declared so. */
  schema: StandardSchema | undefined
  /** Its number in the engine, once that has been asked for. */
  number: number | undefined

  constructor(name: string) {
    this.name = name
  }

  /** Its number; `NotFound` where there is no collection of this name. */
  *id(port: Port): Routine<number> {
    if (this.number !== undefined) return this.number
    const { name } = this
    this.number = yield* wait(port.call<'collectionId'>({ call: 'collectionId', name }))
    return this.number
  }
}

/** The collections of an open database. */
export class Handles {
  /** The names that were declared when it was opened. */
  readonly declared: readonly string[]
  readonly #handles = new Map<string, Handle>()

  constructor(declared: readonly string[]) {
    this.declared = declared
  }

  /** The handle of a name, whether or not there is such a collection. */
  get(name: string): Handle {
    let handle = this.#handles.get(name)
    if (handle === undefined) {
      checkCollectionName(name)
      handle = new Handle(name)
      this.#handles.set(name, handle)
    }
    return handle
  }

  /** The name of the collection with a number, as far as it is known. */
  nameOf(number: number): string | undefined {
    for (const handle of this.#handles.values()) if (handle.number === number) return handle.name
    return undefined
  }
}
