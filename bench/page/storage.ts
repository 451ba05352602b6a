/** How long files may go on being held by a worker that has ended. */
const PATIENCE_MS = 5_000
const PAUSE_MS = 20

/** Deletes all that an origin has stored: that of the participant whose origin it is. */
export async function clearStorage(): Promise<void> {
  for (const { name } of await indexedDB.databases()) {
    if (name !== undefined) await deleteDatabase(name)
  }
  const root = await navigator.storage.getDirectory()
  for await (const name of root.keys()) await removeEntry(root, name)
}

function deleteDatabase(name: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.deleteDatabase(name)
    request.onsuccess = () => resolve()
    request.onerror = () => reject(request.error)
  })
}

async function removeEntry(root: FileSystemDirectoryHandle, name: string): Promise<void> {
  const end = performance.now() + PATIENCE_MS
  for (;;) {
    try {
      return await root.removeEntry(name, { recursive: true })
    } catch (error) {
      if (performance.now() > end) throw error
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS))
    }
  }
}
