// Plays op logs on the engine as it is shipped, and moves database files in and out of OPFS.
import { Engine, initSync } from '../../build/wasm/entidb.js'

export type Request = { name: string } & (
  | { do: 'play'; parts: string[] }
  | { do: 'export' }
  | { do: 'import'; from: string }
)

/** What `play` found different first, or the files in base64. */
export interface Reply {
  failure?: string
  files?: Record<string, string>
}

declare const self: DedicatedWorkerGlobalScope

const FILES = ['volume', 'log.a', 'log.b']

self.onmessage = async ({ data }: MessageEvent<Request>) => {
  const reply = await carryOut(data).catch((error: Error): Reply => ({ failure: `${error.stack}` }))
  self.postMessage(reply)
}

async function carryOut(request: Request): Promise<Reply> {
  switch (request.do) {
    case 'play':
      return play(request.name, request.parts)
    case 'export':
      return { files: await exported(request.name) }
    case 'import':
      await imported(request.name, request.from)
      return {}
  }
}

async function load(path: string): Promise<Response> {
  const response = await fetch(path)
  if (!response.ok) throw new Error(`${path}: ${response.status}`)
  return response
}

/** @param parts paths of op logs without their ending */
async function play(name: string, parts: string[]): Promise<Reply> {
  initSync({ module: await WebAssembly.compileStreaming(load('/dist/entidb.wasm')) })
  const player = new Player(name)
  for (const part of parts) {
    const [calls, answers] = await Promise.all(
      ['calls', 'answers'].map(async (ending) => (await load(`${part}.${ending}`)).text()),
    )
    const expected = String(answers).split('\n')
    for (const [at, line] of String(calls).split('\n').entries()) {
      if (line === '') continue
      const answer = await player.play(line)
      if (answer !== expected[at]) {
        const what = `call ${at} of ${part}, ${line.slice(0, 200)}`
        return { failure: `${what}: ${answer.slice(0, 500)} for ${expected[at]?.slice(0, 500)}` }
      }
    }
  }
  return {}
}

/** A database that is opened, closed and killed as its op log says. */
class Player {
  readonly #name: string
  #engine: Engine | undefined

  constructor(name: string) {
    this.#name = name
  }

  /** Makes the call of a line; its answer as a line. */
  async play(line: string): Promise<string> {
    const [method, ...args] = JSON.parse(line) as [string, ...unknown[]]
    try {
      if (method === 'open') return await this.#open(args[0] as { databaseId: string })
      const engine = this.#engine as unknown as Record<string, (...args: unknown[]) => unknown>
      const answer = engine[method]?.(...args.map(fromLine))
      // What was closed is given up as well, or each opening would leave an engine behind.
      if (method === 'close') this.#engine?.free()
      return toLine(answer)
    } catch (thrown) {
      const { kind, message } = thrown as { kind?: string; message: string }
      if (kind === undefined) throw thrown
      return `! ${kind}: ${message}`
    }
  }

  async #open(options: { databaseId: string }): Promise<string> {
    const databaseId = unhex(options.databaseId)
    this.#engine = await Engine.open({
      ...options,
      databaseId,
      name: this.#name,
      storage: 'opfs',
    })
    return ''
  }
}

const fromLine = (arg: unknown) => (typeof arg === 'string' ? unhex(arg) : arg)

function toLine(answer: unknown): string {
  if (answer === undefined || answer === null) return ''
  if (answer instanceof Uint8Array) return hex(answer)
  return typeof answer === 'object' ? JSON.stringify(answer) : String(answer)
}

const digits = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

function hex(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += digits[byte]
  return text
}

function unhex(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length / 2)
  for (let at = 0; at < bytes.length; at++) {
    bytes[at] = Number.parseInt(text.slice(2 * at, 2 * at + 2), 16)
  }
  return bytes
}

async function directory(name: string): Promise<FileSystemDirectoryHandle> {
  const origin = await navigator.storage.getDirectory()
  const root = await origin.getDirectoryHandle('entidb', { create: true })
  return root.getDirectoryHandle(name, { create: true })
}

async function exported(name: string): Promise<Record<string, string>> {
  const files: Record<string, string> = {}
  const from = await directory(name)
  for (const file of FILES) {
    const handle = await from.getFileHandle(file)
    files[file] = base64(new Uint8Array(await (await handle.getFile()).arrayBuffer()))
  }
  return files
}

async function imported(name: string, from: string): Promise<void> {
  const to = await directory(name)
  for (const file of FILES) {
    const bytes = await (await load(`${from}/${file}`)).arrayBuffer()
    const handle = await (await to.getFileHandle(file, { create: true })).createSyncAccessHandle()
    handle.truncate(0)
    handle.write(bytes)
    handle.flush()
    handle.close()
  }
}

function base64(bytes: Uint8Array): string {
  const PIECE = 0x6000
  let text = ''
  for (let at = 0; at < bytes.length; at += PIECE) {
    text += btoa(String.fromCharCode(...bytes.subarray(at, at + PIECE)))
  }
  return text
}
