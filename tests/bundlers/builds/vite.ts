import { join } from 'node:path'
import { build, createServer } from 'vite'
import { type Build, serve } from './build.js'

/** What is built for production, without any configuration. */
export const vite: Build = async (root) => {
  await build({ root, configFile: false, logLevel: 'warn' })
  return serve(join(root, 'dist'))
}

/** The server for development, without any configuration: it treats packages in its own way. */
export const viteDevelopment: Build = async (root) => {
  const server = await createServer({ root, configFile: false, logLevel: 'warn' })
  await server.listen(0)
  const [origin] = server.resolvedUrls?.local ?? []
  if (origin === undefined) throw new Error('the server of Vite has no address')
  return { origin, close: () => server.close() }
}
