// Serves the pages and hears from them. What was acknowledged stays in this process's memory: no
// disk that a browser writes to has a part in it.
import { EventEmitter, once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { extname, join, normalize } from 'node:path'
import type {
  Acked,
  Command,
  Failed,
  KeeperCommand,
  Orders,
  Phase,
  Plan,
  State,
  Work,
} from './shared/protocol.js'

const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.wasm': 'application/wasm',
}

/** How long something that must happen may take, on a machine that has much else to do. */
const PATIENCE_MS = 60_000

/** What a page said went wrong, or that it said nothing. */
export class PageFailure extends Error {}

/** The other side of the pages of one browser. */
export class Talk {
  readonly #server: Server
  readonly #folder: string
  readonly #events = new EventEmitter()
  readonly #onAcked: (acked: Acked) => void
  #open: { to: string; response: ServerResponse }[] = []
  #failure: string | undefined
  #state: State | undefined

  /** What the next page that asks is to open. */
  plan: Plan | undefined
  /** How many acknowledgements of the current opening were reported. */
  acks = 0
  /** The long calls that are under way, and since when. */
  phases = new Map<Work, number>()
  /** How many milliseconds each long call took when it last came to its end. */
  readonly lasted = new Map<Work, number>()
  /** How many plans were given out. */
  planned = 0

  private constructor(server: Server, folder: string, onAcked: (acked: Acked) => void) {
    this.#server = server
    this.#folder = folder
    this.#onAcked = onAcked
  }

  /** `folder` holds what is served; `onAcked` hears every acknowledgement. */
  static async start(folder: string, onAcked: (acked: Acked) => void): Promise<Talk> {
    const server = createServer()
    const talk = new Talk(server, folder, onAcked)
    server.on('request', (request, response) => talk.#answer(request, response))
    // Browsers keep connections for longer than a server that closes idle ones.
    server.keepAliveTimeout = 0
    server.requestTimeout = 0
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return talk
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections()
    this.#server.close()
    await once(this.#server, 'close')
  }

  get #port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** Where the pages that work are. */
  get page(): string {
    return `http://127.0.0.1:${this.#port}/work.html`
  }

  /** Of another site than the others, so that it has a process of its own. */
  keeper(start: number): string {
    return `http://localhost:${this.#port}/keeper.html?start=${start}`
  }

  /** Begins an opening: what was said before counts no more. */
  begin(plan: Plan): void {
    this.plan = plan
    this.acks = 0
    this.phases.clear()
    this.#state = undefined
  }

  /** Returns once `isSo`; fails where the page says that something failed, or in silence. */
  async until(what: string, isSo: () => boolean): Promise<void> {
    const silence = new AbortController()
    const timer = setTimeout(() => silence.abort(), PATIENCE_MS)
    try {
      for (;;) {
        if (this.#failure !== undefined) throw new PageFailure(this.#failure)
        if (isSo()) return
        await once(this.#events, 'heard', { signal: silence.signal })
      }
    } catch (error) {
      if (!silence.signal.aborted) throw error
      throw new PageFailure(`waited ${PATIENCE_MS / 1000} s for ${what}, in vain`)
    } finally {
      clearTimeout(timer)
    }
  }

  /** The state of the database, as the current opening found it. */
  async state(): Promise<State> {
    await this.until('a page that opens the database', () => this.#state !== undefined)
    return this.#state as State
  }

  /** Answers a state. */
  order(orders: Orders): Promise<void> {
    return this.#reply('/state', orders)
  }

  command(command: Command): Promise<void> {
    return this.#reply(`/command?load=${this.plan?.load}`, command)
  }

  keep(start: number, command: KeeperCommand): Promise<void> {
    return this.#reply(`/keep?start=${start}`, command)
  }

  /** Lets the page that was navigated to lead back. */
  comeBack(): Promise<void> {
    return this.#reply('/return', {})
  }

  async #reply(to: string, message: unknown): Promise<void> {
    const waits = () => this.#open.find((open) => open.to === to)
    await this.until(`a page that asks for ${to}`, () => waits() !== undefined)
    const open = waits()
    this.#open = this.#open.filter((other) => other !== open)
    open?.response.end(JSON.stringify(message))
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = request.url ?? '/'
    if (request.method === 'POST') {
      const message = await bodyOf(request).catch(() => undefined)
      // A page that ended in the middle has said nothing.
      if (message !== undefined) this.#hear(url, message, response)
    } else if (url === '/plan') {
      this.planned += 1
      response.end(JSON.stringify(this.plan))
    } else if (url === '/return' || url.startsWith('/command?') || url.startsWith('/keep?')) {
      this.#hold(url, response)
    } else {
      return this.#serve(new URL(url, 'http://localhost').pathname, response)
    }
    this.#events.emit('heard')
  }

  #hold(to: string, response: ServerResponse): void {
    const open = { to, response }
    this.#open.push(open)
    response.on('close', () => {
      this.#open = this.#open.filter((other) => other !== open)
    })
  }

  #hear(url: string, message: unknown, response: ServerResponse): void {
    const { load } = message as { load: number }
    const isCurrent = load === this.plan?.load
    switch (url) {
      case '/acked':
        // One of an earlier opening was acknowledged all the same.
        this.#onAcked(message as Acked)
        if (isCurrent) this.acks += 1
        break
      case '/phase': {
        if (isCurrent) this.#enter(message as Phase)
        break
      }
      case '/failed':
        if (isCurrent) this.#failure = (message as Failed).message
        break
      case '/state':
        if (!isCurrent) break
        this.#state = message as State
        return this.#hold(url, response)
    }
    response.end('{}')
  }

  #enter({ what, begun }: Phase): void {
    const since = this.phases.get(what)
    if (begun) {
      this.phases.set(what, Date.now())
    } else if (since !== undefined) {
      this.phases.delete(what)
      this.lasted.set(what, Date.now() - since)
    }
  }

  async #serve(pathname: string, response: ServerResponse): Promise<void> {
    const body = pathname.endsWith('.html')
      ? html(pathname)
      : await readFile(join(this.#folder, normalize(pathname))).catch(() => undefined)
    const type = TYPES[extname(pathname)] ?? 'application/octet-stream'
    response.writeHead(body === undefined ? 404 : 200, {
      'content-type': type,
      'cache-control': 'no-store',
    })
    response.end(body)
  }
}

/** A page with nothing but its script. */
function html(pathname: string): string {
  const head = '<!doctype html><title>EntiDB</title><link rel="icon" href="data:,">'
  const script = `/kills${pathname.replace('.html', '.js')}`
  return `${head}<script type="module" src="${script}"></script>`
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  return JSON.parse(Buffer.concat(chunks).toString())
}
