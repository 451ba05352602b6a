import { encodeDocument } from '../../js/codec/encode.js'
import { rate } from '../workloads/measure.js'
import type { Limit } from './limit.js'

const APPENDS = 400
/** What a commit says beside its document: lengths, a checksum, keys of two index entries. */
const FRAME_OVERHEAD_BYTES = 150
/** A log that is used again has its full size already. */
const PRESIZED_BYTES = 4 * 1024 * 1024

/** One frame at the end of a file that grows with it. */
export const appendFlush: Limit = {
  name: 'append-flush',
  title: 'OPFS: append one frame and flush, growing file',
  unit: 'operations/s',
  onPages: false,
  run: ([order]) => appendFrames(frameBytes(order), 0),
}

/** One frame after the other in a file of its full size. */
export const overwriteFlush: Limit = {
  name: 'overwrite-flush',
  title: 'OPFS: write one frame and flush, file of its full size',
  unit: 'operations/s',
  onPages: false,
  run: ([order]) => appendFrames(frameBytes(order), PRESIZED_BYTES),
}

function frameBytes(order: object | undefined): number {
  return encodeDocument(order ?? {}).length + FRAME_OVERHEAD_BYTES
}

async function appendFrames(bytes: number, presized: number) {
  const root = await navigator.storage.getDirectory()
  const file = await root.getFileHandle('bench-limits', { create: true })
  const handle = await file.createSyncAccessHandle()
  try {
    handle.truncate(0)
    if (presized > 0) handle.write(new Uint8Array(presized), { at: 0 })
    handle.flush()
    const frame = new Uint8Array(bytes).fill(7)
    const value = await rate(APPENDS, () => {
      for (let i = 0; i < APPENDS; i++) {
        handle.write(frame, { at: i * bytes })
        handle.flush()
      }
    })
    return { value }
  } finally {
    handle.close()
  }
}
