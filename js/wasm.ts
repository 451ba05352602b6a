import { EntidbError } from './errors.js'

/** Loads and compiles the engine, on the way where the server says that it is WebAssembly. */
export async function compile(): Promise<WebAssembly.Module> {
  if (typeof WebAssembly !== 'object') {
    throw new EntidbError('Unsupported', 'this browser has no WebAssembly; use a current one')
  }
  const url = new URL('./entidb.wasm', import.meta.url)
  try {
    const response = await fetch(url)
    if (!response.ok) throw new Error(`the server answered ${response.status}`)
    const type = response.headers.get('content-type') ?? ''
    return type.startsWith('application/wasm')
      ? await WebAssembly.compileStreaming(response)
      : await WebAssembly.compile(await response.arrayBuffer())
  } catch (cause) {
    const what = cause instanceof Error ? cause.message : String(cause)
    const advice = "serve it, and allow 'wasm-unsafe-eval'"
    throw new EntidbError('Io', `${url.href} could not be loaded: ${what}; ${advice}`, { cause })
  }
}
