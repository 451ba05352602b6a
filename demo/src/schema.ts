// What the database holds, and how it is opened.
import { collection, type Database, index, open, type Progress } from 'entidb'

/** A place with inhabitants. */
export interface City {
  /** Its number at geonames.org, or a UUID where it was added here. */
  id: number | string
  name: string
  /** The name without case and accents: what is typed is compared with this one. */
  searchName: string
  /** Two letters, ISO 3166. */
  country: string
  /** The code of the first administrative division. */
  region: string
  kind: 'capital' | 'seat' | 'place'
  /** 0 where it is not known. */
  population: number
  location: { latitude: number; longitude: number }
  /** When it was last changed here; what was only imported has none. */
  edited?: Date
}

/** How far an import has come; written in the same transactions as the cities. */
export interface Import {
  id: string
  done: number
}

export const databaseName = 'cities'

export const collections = {
  cities: collection<City>({
    indexes: [
      index('searchName'),
      index('population'),
      index('country', 'population'),
      index('country', 'searchName'),
      index('edited'),
    ],
  }),
  imports: collection<Import>(),
}

/** The declaration as a developer would write it, shown before the import. */
export const declarationCode = `interface City {
  id: number | string
  name: string
  searchName: string
  country: string
  population: number
  location: { latitude: number; longitude: number }
  edited?: Date
}

const db = await open('cities', {
  collections: {
    cities: collection<City>({
      indexes: [
        index('searchName'),
        index('population'),
        index('country', 'population'),
        index('country', 'searchName'),
        index('edited'),
      ],
    }),
  },
})`

export type CityDatabase = Database<typeof collections>

/** Opens the database, and makes it where there is none. */
export function openCities(onProgress: (progress: Progress) => void): Promise<CityDatabase> {
  return open(databaseName, { collections, onProgress })
}

/** A name as it is compared: no case, no accents. */
export function toSearchName(name: string): string {
  return name
    .normalize('NFD')
    .replace(/\p{Diacritic}/gu, '')
    .toLowerCase()
}
