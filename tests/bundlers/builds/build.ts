import { cp, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { type Server, startServer } from '../../harness/server.js'

/** Builds the project in a folder and serves what came out. */
export type Build = (project: string) => Promise<Server>

/** Serves a folder as any host of static files would. */
export function serve(folder: string): Promise<Server> {
  return startServer([['/', folder]])
}

/** What a bundler does not do by itself, because it knows of scripts alone: the page. */
export async function copyPage(project: string, served: string): Promise<void> {
  await mkdir(served, { recursive: true })
  await cp(join(project, 'index.html'), join(served, 'index.html'))
}

/**
 * The line of README.md for bundlers that leave `new URL(..., import.meta.url)` as it is: the
 * files lie beside the bundle.
 */
export async function copyAssets(project: string, served: string): Promise<void> {
  for (const name of ['worker.js', 'entidb.wasm', 'indexeddb.js']) {
    await cp(join(project, 'node_modules', 'entidb', 'dist', name), join(served, name))
  }
}
