import type { Database, NoSchema, OpenOptions, Schema, StorageBackend } from 'entidb'

/** What every behaviour is tried on: through a worker, or in the thread that has the engine. */
export interface Bench {
  readonly storage: StorageBackend
  /** Whether it is `entidb/sync`, which closures must not make wait. */
  readonly direct: boolean
  /** The name of the database of this test. */
  readonly name: string
  /** Opens it; what is still open at the end is closed. */
  open<S extends Schema = NoSchema>(options?: OpenOptions<S>): Promise<Database<S>>
}

/** Behaviours by what they are called. */
export type Suite = Readonly<Record<string, (bench: Bench) => Promise<void>>>

type Open = <S extends Schema = NoSchema>(
  name: string,
  options?: OpenOptions<S>,
) => Promise<Database<S>>

/** Runs one behaviour on a database of its own. */
export async function runOn(
  open: Open,
  { storage, direct }: Pick<Bench, 'storage' | 'direct'>,
  behaviour: Suite[string],
  name: string,
): Promise<void> {
  const opened: { close(): unknown }[] = []
  try {
    await behaviour({
      storage,
      direct,
      name,
      async open(options) {
        const db = await open(name, { storage, ...options })
        opened.push(db)
        return db
      },
    })
  } finally {
    for (const db of opened) await db.close()
  }
}
