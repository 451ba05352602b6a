// A folder on a disk while it is worked on, and what a loss of power may leave of it.
//
// What is assumed of file system and disk: what a file held when it was last synced stays. Of every
// later write each sector reaches the disk or does not, whatever happened to other sectors and
// other files; the length of a file is one that it had since. Names are kept in a journal: of the
// changes to them those up to some point are there, at least up to the last one that concerns a
// file or folder which was synced afterwards.
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Call } from './trace.js'

/** A write to a file, or a new length of it. */
interface Change {
  readonly start: number
  readonly end: number
  readonly at: number
  readonly bytes?: Buffer
  /** How long the file was afterwards. */
  readonly length: number
}

/** A file, under whatever name. */
export class Inode {
  /** What it held when the record begins. */
  readonly before: Buffer
  readonly changes: Change[] = []
  readonly syncs: Call[] = []
  length: number

  constructor(before: Buffer) {
    this.before = before
    this.length = before.length
  }

  change({ start, end, at = this.length, bytes }: Call): void {
    this.length = bytes ? Math.max(this.length, at + bytes.length) : at
    const change = { start, end, at, length: this.length }
    this.changes.push(bytes ? { ...change, bytes } : change)
  }

  /** How many changes a loss of power at `point` cannot take any more. */
  safe(point: number, heed: boolean): number {
    const sync = heed ? this.syncs.findLast(({ end }) => end < point) : undefined
    if (sync === undefined) return 0
    const later = this.changes.findIndex(({ end }) => end > sync.start)
    return later < 0 ? this.changes.length : later
  }
}

/** Decides what becomes of what is not safe. */
export interface Fate {
  /** How many of the `count` changes of names are kept, at least `safe`. */
  names(safe: number, count: number): number
  /** Which sectors of a write are kept: a size, and whether sector `n` of the write is. */
  write(): { sectorBytes: number; kept(n: number): boolean }
  /** Whether a new length is kept. */
  resize(): boolean
  /** The length of a file that had these one after the other, or nothing for what was written. */
  length(had: readonly number[]): number | undefined
  /** Whether syncs of a file count. */
  heed(inode: Inode): boolean
}

interface NameChange {
  readonly start: number
  readonly end: number
  readonly remove?: string
  readonly add?: string
  /** Absent for folders. */
  readonly inode?: Inode
}

export class Disk {
  /** Files and folders when the record begins. */
  readonly #before = new Map<string, Inode | undefined>()
  readonly #now: Map<string, Inode | undefined>
  readonly #changes: NameChange[] = []
  readonly #folderSyncs: Call[] = []

  /**
   * @param copy where a copy of the folder is, as it was when the record began
   * @param folder what the calls call it
   */
  constructor(copy: string, folder: string, calls: readonly Call[]) {
    for (const entry of readdirSync(copy, { recursive: true, withFileTypes: true })) {
      const path = join(entry.parentPath, entry.name)
      const inode = entry.isDirectory() ? undefined : new Inode(readFileSync(path))
      this.#before.set(join(folder, path.slice(copy.length)), inode)
    }
    this.#now = new Map(this.#before)
    for (const call of calls) this.#take(call)
  }

  #take(call: Call): void {
    const { name, path, to, flags = '', start, end } = call
    const inode = this.#now.get(path)
    switch (name) {
      case 'openat':
        if (inode === undefined && flags.includes('O_CREAT')) {
          this.#rename({ start, end, add: path, inode: new Inode(Buffer.alloc(0)) })
        } else if (flags.includes('O_TRUNC')) inode?.change({ ...call, at: 0 })
        return
      case 'write':
      case 'pwrite64':
      case 'ftruncate':
        return inode?.change(call)
      case 'fdatasync':
      case 'fsync':
        if (inode) inode.syncs.push(call)
        else this.#folderSyncs.push(call)
        return
      case 'mkdir':
      case 'mkdirat':
        return this.#rename({ start, end, add: path })
      case 'unlink':
      case 'unlinkat':
      case 'rmdir':
        return this.#rename({ start, end, remove: path })
      default:
        this.#rename({ start, end, remove: path, add: String(to), ...(inode && { inode }) })
    }
  }

  #rename(change: NameChange): void {
    this.#changes.push(change)
    move(this.#now, change)
  }

  /** The file that has a path in the end. */
  file(path: string): Inode | undefined {
    return this.#now.get(path)
  }

  /** The paths that a loss of power at `point` leaves, of files and, without an inode, folders. */
  names(point: number, fate: Fate): Map<string, Inode | undefined> {
    const changes = this.#changes.filter(({ start }) => start < point)
    const kept = fate.names(this.#safeNames(changes, point, fate), changes.length)
    const names = new Map(this.#before)
    for (const change of changes.slice(0, kept)) move(names, change)
    return names
  }

  #safeNames(changes: readonly NameChange[], point: number, fate: Fate): number {
    const last = changes.findLastIndex(({ end, add, remove, inode }) => {
      const folder = dirname(String(add ?? remove))
      const ofFolder = this.#folderSyncs.filter(({ path }) => path === folder)
      const ofFile = inode && fate.heed(inode) ? inode.syncs : []
      return [...ofFolder, ...ofFile].some((sync) => sync.start > end && sync.end < point)
    })
    return last + 1
  }
}

function move(names: Map<string, Inode | undefined>, { remove, add, inode }: NameChange): void {
  if (remove !== undefined) names.delete(remove)
  if (add !== undefined) names.set(add, inode)
}

/** What a loss of power at `point` leaves of a file. */
export function bytesOf(inode: Inode, point: number, fate: Fate): Buffer {
  const changes = inode.changes.filter(({ start }) => start < point)
  const safe = inode.safe(point, fate.heed(inode))
  const room = Math.max(inode.before.length, ...changes.map(({ length }) => length))
  const bytes = Buffer.alloc(room)
  inode.before.copy(bytes)
  let length = inode.before.length
  const resize = (to: number) => {
    // What lies behind the end is gone when the file grows again.
    if (to < length) bytes.fill(0, to, length)
    length = to
  }
  const had: number[] = []
  for (const [number, change] of changes.entries()) {
    if (number >= safe) had.push(length)
    const isSafe = number < safe
    if (change.bytes === undefined) {
      if (isSafe || fate.resize()) resize(change.at)
    } else {
      const end = isSafe
        ? change.at + change.bytes.copy(bytes, change.at)
        : tear(bytes, change.at, change.bytes, fate)
      length = Math.max(length, end)
    }
  }
  const unsure = had.length === 0 ? undefined : fate.length([...had, length])
  return Buffer.from(bytes.subarray(0, Math.min(unsure ?? length, room)))
}

/** Writes the sectors that are kept; where the last of them ends. */
function tear(bytes: Buffer, at: number, written: Buffer, fate: Fate): number {
  const { sectorBytes, kept } = fate.write()
  let end = 0
  for (let from = at, sector = 0; from < at + written.length; sector++) {
    const to = Math.min((Math.floor(from / sectorBytes) + 1) * sectorBytes, at + written.length)
    if (kept(sector)) {
      written.copy(bytes, from, from - at, to - at)
      end = to
    }
    from = to
  }
  return end
}
