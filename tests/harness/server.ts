import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { extname, join, normalize } from 'node:path'
import { inRoot } from '../../scripts/lib/paths.mjs'

/** What a server has where; the first prefix that fits counts. */
export type Folders = readonly (readonly [prefix: string, folder: string])[]

/** The package as built, the bundled suites, images of databases, and the pages. */
const testFolders: Folders = [
  ['/dist/', inRoot('dist')],
  ['/suite/', inRoot('build', 'suite')],
  ['/parity/', inRoot('build', 'parity')],
  ['/', inRoot('tests', 'pages')],
]

const types: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.wasm': 'application/wasm',
}

export interface Server {
  /** Such as `http://127.0.0.1:40123`. */
  origin: string
  close(): Promise<void>
}

/** Serves the package to pages, with no header that a plain host lacks; port 0 is a free one. */
export async function startServer(folders: Folders = testFolders, port = 0): Promise<Server> {
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost')
    const file = fileFor(folders, pathname)
    const body = await readFile(file).catch(() => undefined)
    if (body === undefined) {
      response.writeHead(404).end(`${pathname} is not there`)
      return
    }
    const type = types[extname(file)] ?? 'application/octet-stream'
    response.writeHead(200, { 'content-type': type, 'cache-control': 'no-store' }).end(body)
  })
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  const address = server.address() as AddressInfo
  return {
    origin: `http://127.0.0.1:${address.port}`,
    close: () => {
      server.closeAllConnections()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
}

function fileFor(folders: Folders, pathname: string): string {
  // Normalised as an absolute path, so that no `..` leads out of a folder.
  const path = normalize(pathname.endsWith('/') ? `${pathname}index.html` : pathname)
  const [prefix, folder] = folders.find(([start]) => path.startsWith(start)) ?? ['/', '']
  return join(folder, path.slice(prefix.length))
}
