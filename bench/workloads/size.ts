import type { Round, Workload } from './workload.js'

/** Right after all documents were written and the database was closed. */
export const sizeFresh: Workload = {
  name: 'size-fresh',
  title: 'size on disk after bulk insert',
  unit: 'bytes/document',
  run: measure,
}

/** After everything else of the round. */
export const sizeUsed: Workload = {
  name: 'size-used',
  title: 'size on disk after all writes of a round',
  unit: 'bytes/document',
  run: measure,
}

async function measure(round: Round) {
  await round.store.close()
  const root = await navigator.storage.getDirectory()
  const bytes = await sizeOf(await root.getDirectoryHandle(round.peer.folder))
  round.store = await round.peer.open()
  return { value: bytes / round.written }
}

async function sizeOf(folder: FileSystemDirectoryHandle): Promise<number> {
  let bytes = 0
  for await (const entry of folder.values()) {
    if (entry.kind === 'directory') bytes += await sizeOf(entry as FileSystemDirectoryHandle)
    else bytes += (await (entry as FileSystemFileHandle).getFile()).size
  }
  return bytes
}
