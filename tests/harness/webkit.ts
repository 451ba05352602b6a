// WebKitGTK, driven as the WebDriver standard says.
import { type ChildProcess, spawn } from 'node:child_process'
import { createServer } from 'node:net'
import { findWebKit } from '../../scripts/lib/browser.mjs'

const START_MS = 30_000
const SCRIPT_MS = 60_000

/** One window of WebKitGTK, which forgets everything when it is closed. */
export class WebKit {
  readonly #process: ChildProcess
  readonly #session: string

  private constructor(process: ChildProcess, session: string) {
    this.#process = process
    this.#session = session
  }

  static async start(): Promise<WebKit> {
    const found = findWebKit()
    if (found === undefined) throw new Error('WebKitGTK is missing: run `npm run setup`')
    const port = await freePort()
    const child = spawn(found.screen, ['-a', found.driver, `--port=${port}`], {
      stdio: 'ignore',
      // In a group of its own, so that all of it can be ended.
      detached: true,
    })
    try {
      const driver = `http://127.0.0.1:${port}`
      await answering(`${driver}/status`)
      const options = { binary: found.browser, args: ['--automation'] }
      const alwaysMatch = { 'webkitgtk:browserOptions': options, timeouts: { script: SCRIPT_MS } }
      const session = await post(`${driver}/session`, { capabilities: { alwaysMatch } })
      const { sessionId } = session as { sessionId: string }
      return new WebKit(child, `${driver}/session/${sessionId}`)
    } catch (error) {
      endGroup(child)
      throw error
    }
  }

  async goto(url: string): Promise<void> {
    await post(`${this.#session}/url`, { url })
  }

  /** Like `callSuite` of fixtures.ts. */
  async callSuite<Output>(name: string, exported: string, input?: unknown): Promise<Output> {
    const script = `
      const [url, exported, input, answer] = arguments
      import(url).then((module) => module[exported](input)).then(
        (value) => answer({ value }),
        (error) => answer({ failure: String(error?.message ?? error) }),
      )`
    const args = [`/suite/${name}.js`, exported, input ?? null]
    const answer = await post(`${this.#session}/execute/async`, { script, args })
    const { value, failure } = answer as { value: Output; failure?: string }
    if (failure !== undefined) throw new Error(failure)
    return value
  }

  async close(): Promise<void> {
    await fetch(this.#session, { method: 'DELETE' }).catch(() => {})
    endGroup(this.#process)
  }
}

async function post(url: string, body: object): Promise<unknown> {
  const response = await fetch(url, { method: 'POST', body: JSON.stringify(body) })
  const { value } = (await response.json()) as { value: { error?: string; message?: string } }
  if (!response.ok) throw new Error(`WebKit: ${value.error}: ${value.message}`)
  return value
}

async function answering(url: string): Promise<void> {
  const end = Date.now() + START_MS
  while (!(await fetch(url).catch(() => undefined))?.ok) {
    if (Date.now() > end) throw new Error('the driver of WebKit does not answer')
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().on('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' ? (address?.port ?? 0) : 0))
    })
  })
}

function endGroup({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL')
  } catch {
    // It has ended by itself.
  }
}
