/**
 * Whether the files of a database still lie where it was opened. Where the data of a site is
 * cleared, browsers leave open files as they are, but without a name: writes succeed, and nothing
 * will be there. IndexedDB says so itself.
 */

import { EntidbError } from './errors.js'

/** Milliseconds between two looks. Of a page that nobody sees, the browser slows the timers. */
export const LOOK_MS = 500

/** Why nothing more can be kept, once the browser has taken away the file that one looks for. */
export async function lossOf(
  file: FileSystemFileHandle | undefined,
): Promise<EntidbError | undefined> {
  try {
    // A handle does not come to mean a file that was made anew after its own was cleared.
    await file?.getFile()
  } catch (error) {
    // Whatever else kept it from being seen may pass.
    if ((error as Error).name === 'NotFoundError') {
      return new EntidbError('StorageLost', 'its data was cleared; open it again')
    }
  }
  return undefined
}
