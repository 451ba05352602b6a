// `npm start`: sets up, builds the package and the demo, and serves the demo on this machine.

import { build } from './build.mjs'
import { inRoot } from './lib/paths.mjs'
import { main, run, say, seconds, which } from './lib/run.mjs'
import { setUpBuild, setUpPackages } from './setup.mjs'

/** @param {string} url */
async function openBrowser(url) {
  const [command, ...args] =
    process.platform === 'darwin'
      ? ['open', url]
      : process.platform === 'win32'
        ? ['cmd', '/c', 'start', url]
        : ['xdg-open', url]
  const screen = process.platform !== 'linux' || process.env.DISPLAY || process.env.WAYLAND_DISPLAY
  if (process.env.CI || !screen || !which(command)) return
  // A browser that does not open is no reason to stop: the address has been printed.
  await run(command, args, { quiet: true }).catch(() => {})
}

await main(async () => {
  await setUpBuild()
  await build()
  await setUpPackages('demo')
  const vite = await import('vite')
  const start = Date.now()
  await vite.build({ root: inRoot('demo'), logLevel: 'warn' })
  say(`start: the demo is built after ${seconds(start)}`)
  const server = await vite.preview({
    root: inRoot('demo'),
    preview: { host: '127.0.0.1', port: 4173 },
  })
  const url = server.resolvedUrls?.local[0] ?? 'http://127.0.0.1:4173/'
  say(`start: the demo is at ${url} (Ctrl+C ends it)`)
  await openBrowser(url)
})
