import type { Handle, Handles } from './handles.js'
import { isReservedName } from './names.js'

/**
 * The collections of one database, transaction or snapshot, each made once. The declared ones are
 * properties of `owner`, unless their name is reserved.
 */
export function attach<C>(
  owner: object,
  handles: Handles,
  make: (handle: Handle) => C,
): (name: string) => C {
  const made = new Map<Handle, C>()
  const collection = (name: string): C => {
    const handle = handles.get(name)
    const known = made.get(handle)
    if (known !== undefined) return known
    const one = make(handle)
    made.set(handle, one)
    return one
  }
  for (const name of handles.declared) {
    if (isReservedName(name)) continue
    Object.defineProperty(owner, name, { value: collection(name), enumerable: true })
  }
  return collection
}
