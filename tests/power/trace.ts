// What Chromium did to the files of a folder, call by call, read from the output of strace.
import { readFile } from 'node:fs/promises'

/** One system call that succeeded; `start` and `end` order what happened at the same time. */
export interface Call {
  readonly start: number
  readonly end: number
  readonly name: string
  readonly path: string
  /** Where a file was renamed to. */
  readonly to?: string
  /** What was written. */
  readonly bytes?: Buffer
  /** Where that was written, absent for what is appended; or the length a file was given. */
  readonly at?: number
  /** What a file was opened with. */
  readonly flags?: string
}

/** Calls that change files or make changes durable; strace shows nothing else. */
const CALLS = [
  ...['openat', 'open', 'creat', 'write', 'writev', 'pwrite64', 'pwritev', 'pwritev2'],
  ...['ftruncate', 'truncate', 'fallocate', 'copy_file_range', 'sendfile', 'msync'],
  ...['fdatasync', 'fsync', 'sync_file_range', 'syncfs'],
  ...['rename', 'renameat', 'renameat2', 'unlink', 'unlinkat', 'link', 'linkat'],
  ...['mkdir', 'mkdirat', 'rmdir'],
]

const UNFINISHED = Buffer.from('<unfinished ...>')
/** Longer than any single write. */
const BYTES_MAX = 64 * 2 ** 20

/** The arguments of strace that have it write all of that to a file. */
export function straceArguments(output: string): string[] {
  return [
    // Only the calls of interest stop the process.
    ...['--follow-forks', '--seccomp-bpf', '--quiet=all', '--signal=none'],
    ...['--decode-fds=path', '--strings-in-hex=all', `--string-limit=${BYTES_MAX}`],
    ...[`--trace=${CALLS.join(',')}`, `--output=${output}`],
  ]
}

/** Reads the calls that have to do with files in `folder`, in the order in which they began. */
export async function readTrace(file: string, folder: string): Promise<Call[]> {
  const text = await readFile(file)
  const wanted = Buffer.from(hex(`${folder}/`))
  const calls: Call[] = []
  /** Calls that have begun in a thread, by the thread. */
  const begun = new Map<string, { start: number; line: Buffer }>()
  let from = 0
  for (let number = 0; from < text.length; number++) {
    const to = text.indexOf(10, from)
    const line = text.subarray(from, to < 0 ? text.length : to)
    from += line.length + 1
    const head = line.subarray(0, 64).toString('latin1')
    const thread = /^\d+/.exec(head)?.[0] ?? ''
    if (head.includes(' resumed>')) {
      const entry = begun.get(thread)
      begun.delete(thread)
      const end = line.subarray(line.lastIndexOf(') ')).toString('latin1')
      if (entry) add(calls, parse(entry.line, end, entry.start, number))
    } else if (line.indexOf(wanted) >= 0) {
      if (line.subarray(-UNFINISHED.length).equals(UNFINISHED)) {
        begun.set(thread, { start: number, line })
      } else {
        const end = line.subarray(line.lastIndexOf(') ')).toString('latin1')
        add(calls, parse(line, end, number, number))
      }
    }
  }
  return calls.sort((a, b) => a.start - b.start)
}

function add(calls: Call[], call: Call | undefined): void {
  if (call) calls.push(call)
}

/** @param end of the line on which it returned */
function parse(line: Buffer, end: string, start: number, endLine: number): Call | undefined {
  const result = Number(/\) += (-?\d+)/.exec(end)?.[1] ?? Number.NaN)
  if (Number.isNaN(result)) throw new Error(`strace wrote a line of no known form: ${end}`)
  if (result < 0) return undefined
  const opening = line.indexOf('(')
  const name = /\w+$/.exec(line.subarray(0, opening).toString('latin1'))?.[0] ?? ''
  const common = { start, end: endLine, name }
  switch (name) {
    case 'write':
    case 'pwrite64': {
      const quote = line.indexOf('"', opening)
      const close = line.indexOf('"', quote + 1)
      const bytes = unhex(line.subarray(quote + 1, close)).subarray(0, result)
      const numbers = /^, (\d+)(?:, (\d+))?/.exec(line.subarray(close + 1).toString('latin1'))
      const at = numbers?.[2] === undefined ? {} : { at: Number(numbers[2]) }
      return { ...common, path: pathOfFd(line, opening), bytes, ...at }
    }
    case 'ftruncate': {
      const at = Number(/>, (\d+)/.exec(line.toString('latin1'))?.[1])
      return { ...common, path: pathOfFd(line, opening), at }
    }
    case 'fdatasync':
    case 'fsync':
      return { ...common, path: pathOfFd(line, opening) }
    case 'openat':
      return { ...common, path: quoted(line, 0), flags: /O_[A-Z_|]+/.exec(`${line}`)?.[0] ?? '' }
    case 'unlink':
    case 'unlinkat':
    case 'rmdir':
    case 'mkdir':
    case 'mkdirat':
      return { ...common, path: quoted(line, 0) }
    case 'rename':
    case 'renameat':
    case 'renameat2':
      return { ...common, path: quoted(line, 0), to: quoted(line, 1) }
    default:
      throw new Error(`nothing is known of the effect of ${name} on a disk`)
  }
}

function pathOfFd(line: Buffer, from: number): string {
  const path = line.subarray(line.indexOf('<', from) + 1, line.indexOf('>', from))
  return unhex(path).toString()
}

function quoted(line: Buffer, at: number): string {
  const strings = `${line}`.split('"')
  return unhex(Buffer.from(strings[2 * at + 1] ?? '')).toString()
}

const hex = (text: string) =>
  Array.from(Buffer.from(text), (byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('')

/** Bytes from text in which each is spelled as `\x41`. */
function unhex(text: Buffer): Buffer {
  const bytes = Buffer.allocUnsafe(text.length / 4)
  for (let at = 0; at < bytes.length; at++) {
    bytes[at] = 16 * digit(text[4 * at + 2]) + digit(text[4 * at + 3])
  }
  return bytes
}

/** The value of a lower-case digit. */
const digit = (code = 48) => (code < 58 ? code - 48 : code - 87)
