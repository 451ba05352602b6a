// Reads and writes one OPFS file through a sync access handle, which only a worker can have.

export interface Request {
  name: string
  /** Written at the start and flushed; without it the file is read. */
  text?: string
}

/** The text of the file, or the name of the exception that was thrown. */
export type Reply = { text: string } | { exception: string }

declare const self: DedicatedWorkerGlobalScope

self.onmessage = async ({ data }: MessageEvent<Request>) => {
  const reply = await carryOut(data).then(
    (text): Reply => ({ text }),
    (error): Reply => ({ exception: error.name }),
  )
  self.postMessage(reply)
}

/** What was written stays open: whoever asks next has closed this worker, or killed the browser. */
async function carryOut({ name, text }: Request): Promise<string> {
  const root = await navigator.storage.getDirectory()
  const file = await root.getFileHandle(name, { create: text !== undefined })
  const handle = await file.createSyncAccessHandle()
  if (text !== undefined) {
    handle.write(new TextEncoder().encode(text), { at: 0 })
    handle.flush()
    return text
  }
  const bytes = new Uint8Array(handle.getSize())
  handle.read(bytes, { at: 0 })
  handle.close()
  return new TextDecoder().decode(bytes)
}
