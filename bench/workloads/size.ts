import type { Round, Workload } from './workload.js'

/** Right after all documents were written and the database was closed. */
export const sizeFresh: Workload = {
  name: 'size-fresh',
  title: 'size on disk after bulk insert',
  unit: 'bytes/document',
  onPages: false,
  run: measure,
}

/** After everything else of the round. */
export const sizeUsed: Workload = {
  name: 'size-used',
  title: 'size on disk after all writes of a round',
  unit: 'bytes/document',
  onPages: false,
  run: measure,
}

async function measure(round: Round) {
  await round.store.close()
  const bytes = (await sizeOf(await navigator.storage.getDirectory())) + (await sizeOfIndexedDb())
  round.store = await round.peer.open('strict')
  return { value: bytes / round.written }
}

/** The browser tells the size of all databases of an origin, which is that of one peer. */
async function sizeOfIndexedDb(): Promise<number> {
  const estimate: StorageEstimate & { usageDetails?: { indexedDB?: number } } =
    await navigator.storage.estimate()
  return estimate.usageDetails?.indexedDB ?? 0
}

async function sizeOf(folder: FileSystemDirectoryHandle): Promise<number> {
  let bytes = 0
  for await (const entry of folder.values()) {
    if (entry.kind === 'directory') bytes += await sizeOf(entry as FileSystemDirectoryHandle)
    else bytes += (await (entry as FileSystemFileHandle).getFile()).size
  }
  return bytes
}
