/** True where `A` and `B` are the same type, and not merely assignable to each other. */
export type Equal<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false

/** Fails to compile where its type is not `true`. */
export function expectType<T extends true>(): T | undefined {
  return undefined
}
