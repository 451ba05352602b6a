import type { Id } from './types/values.js'

/** Every kind of error, in the order of the documentation. The list is closed. */
export const ERROR_KINDS = [
  'InvalidInput',
  'NotFound',
  'AlreadyExists',
  'UniqueViolation',
  'Conflict',
  'LimitExceeded',
  'IndexRequired',
  'QuotaExceeded',
  'Locked',
  'Closed',
  'Timeout',
  'Aborted',
  'SnapshotExpired',
  'HistoryTrimmed',
  'VersionMismatch',
  'WrongKey',
  'Corrupt',
  'StorageLost',
  'OutOfMemory',
  'Unsupported',
  'HostLost',
  'Io',
] as const

/**
 * What went wrong, as far as a program would act differently.
 *
 * @example
 * switch (error.kind) {
 *   case 'Conflict': return retry()
 *   case 'QuotaExceeded': return askToFreeSpace()
 * }
 */
export type ErrorKind = (typeof ERROR_KINDS)[number]

/**
 * Where an error happened, as far as it is known.
 *
 * @example
 * const { collection, path, id } = error.details
 */
export interface ErrorDetails {
  /** The file: `volume`, `log.a` or `log.b`. */
  readonly file?: string
  /** Byte offset in the file, or in the bytes that were decoded. */
  readonly offset?: number
  /** The sequence number concerned. */
  readonly seq?: number
  /** The collection concerned. */
  readonly collection?: string
  /** The index declaration or the place inside the document concerned. */
  readonly path?: string
  /** The id of the document concerned. */
  readonly id?: Id
}

/** An error as it crosses a worker boundary, where classes are lost. */
export interface WireError {
  readonly kind: ErrorKind
  readonly message: string
  readonly details?: ErrorDetails
}

/**
 * The one error of the package: a `kind` to act on, a message that says what to do next, and where
 * it happened. Messages are for people and may change; kinds do not.
 *
 * @example
 * try {
 *   await db.tasks.insert(task)
 * } catch (error) {
 *   if (isEntidbError(error, 'AlreadyExists')) await db.tasks.put(task)
 *   else throw error
 * }
 */
export class EntidbError extends Error {
  /** What went wrong. */
  readonly kind: ErrorKind
  /** Where it happened, as far as it is known. */
  readonly details: ErrorDetails

  constructor(
    kind: ErrorKind,
    message: string,
    options: { readonly details?: ErrorDetails; readonly cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.kind = kind
    this.details = options.details ?? {}
  }

  static {
    Object.defineProperty(EntidbError.prototype, 'name', {
      value: 'EntidbError',
      configurable: true,
      writable: true,
    })
  }

  /**
   * The error that came over a worker boundary. What cannot be understood becomes an `Io` error
   * that carries the original as its cause, so that no failure is lost.
   */
  static fromWire(wire: unknown): EntidbError {
    if (typeof wire !== 'object' || wire === null) return unknownError(wire)
    const { kind, message, details } = wire as Partial<Record<keyof WireError, unknown>>
    if (!isErrorKind(kind) || typeof message !== 'string') return unknownError(wire)
    if (typeof details !== 'object' || details === null) return new EntidbError(kind, message)
    return new EntidbError(kind, message, { details: details as ErrorDetails })
  }
}

function unknownError(cause: unknown): EntidbError {
  const what = cause instanceof Error ? cause.message : String(cause)
  const fault = `the database failed in a way it does not know: ${what}`
  return new EntidbError('Io', `${fault}; close it, open it again and retry`, { cause })
}

/** Whether `value` names a kind of error. */
export function isErrorKind(value: unknown): value is ErrorKind {
  return (ERROR_KINDS as readonly unknown[]).includes(value)
}

/**
 * Whether `error` is an error of this package, of the kind given if one is. It also knows errors of
 * another copy of the package on the page, for which `instanceof` says no.
 *
 * @example
 * if (isEntidbError(error, 'NotFound')) return undefined
 */
export function isEntidbError<K extends ErrorKind = ErrorKind>(
  error: unknown,
  kind?: K,
): error is EntidbError & { readonly kind: K } {
  if (!(error instanceof Error) || error.name !== 'EntidbError' || !('kind' in error)) return false
  return kind === undefined ? isErrorKind(error.kind) : error.kind === kind
}

/** An argument, document or id that cannot be taken; `message` says what to pass instead. */
export function invalidInput(message: string, details?: ErrorDetails): EntidbError {
  return new EntidbError('InvalidInput', message, details === undefined ? {} : { details })
}

/** A documented maximum that was exceeded. */
export function limitExceeded(message: string, details?: ErrorDetails): EntidbError {
  return new EntidbError('LimitExceeded', message, details === undefined ? {} : { details })
}

/** Bytes that came from the engine and cannot be understood; `offset` counts from their start. */
export function corrupt(offset: number): EntidbError {
  const message = `stored bytes are damaged at byte ${offset}; restore a backup`
  return new EntidbError('Corrupt', message, { details: { offset } })
}
