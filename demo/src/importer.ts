// Brings the cities into the database: read as they arrive, written a batch at a time.
import { count, file } from 'virtual:cities'
import { type City, type CityDatabase, toSearchName } from './schema.js'

/** Few enough that making and encoding them takes a small part of a frame. */
const batchCities = 500

/** The document that says how far the import has come. */
const importId = 'cities'

export const total = count

/** What a batch looks like in code, shown while it runs. */
export const importCode = `for await (const batch of batches(file)) {
  await db.transaction(async (tx) => {
    await tx.cities.put(batch)
    await tx.imports.put({ id: 'cities', done })
  })
}`

/** How many cities earlier imports brought; `total` once all are there. */
export async function imported(db: CityDatabase): Promise<number> {
  return (await db.imports.get(importId))?.done ?? 0
}

/**
 * Imports what is missing. Each batch is one transaction with the note of how far it goes, so that
 * an import that was cut off goes on where it was, with nothing lost and nothing twice.
 */
export async function importCities(
  db: CityDatabase,
  onBatch: (cities: readonly City[], done: number) => void,
  signal: AbortSignal,
): Promise<void> {
  let done = await imported(db)
  for await (const batch of batches(done, signal)) {
    signal.throwIfAborted()
    done += batch.length
    await db.transaction(async (tx) => {
      await tx.cities.put(batch)
      await tx.imports.put({ id: importId, done })
    })
    onBatch(batch, done)
  }
}

async function* batches(skip: number, signal: AbortSignal): AsyncGenerator<City[]> {
  const response = await fetch(file, { signal })
  if (!response.ok || response.body === null) {
    throw new Error(`${file} cannot be fetched (status ${response.status}): reload the page`)
  }
  let batch: City[] = []
  let line = 0
  let rest = ''
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
  for (let chunk = await reader.read(); !chunk.done; chunk = await reader.read()) {
    const lines = (rest + chunk.value).split('\n')
    rest = lines.pop() ?? ''
    for (const fields of lines) {
      line += 1
      if (line <= skip) continue
      batch.push(parse(fields))
      if (batch.length < batchCities) continue
      yield batch
      batch = []
    }
  }
  if (batch.length > 0) yield batch
}

function parse(line: string): City {
  const [id, name = '', country = '', region = '', code = '', population, latitude, longitude] =
    line.split('\t')
  return {
    id: Number(id),
    name,
    searchName: toSearchName(name),
    country,
    region,
    kind: code === 'PPLC' ? 'capital' : code.startsWith('PPLA') ? 'seat' : 'place',
    population: Number(population),
    location: { latitude: Number(latitude), longitude: Number(longitude) },
  }
}
