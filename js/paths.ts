import { utf8Length } from './codec/utf8.js'
import { invalidInput } from './errors.js'
import { PATH_BYTES_MAX } from './limits.js'

const IDENTIFIER = /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u

/**
 * Spells the place of a value inside a document as a program would write it: `tags[3].name`,
 * `["first name"]`. An empty path is the document itself.
 */
export function formatPath(steps: readonly (string | number)[]): string {
  let path = ''
  for (const step of steps) {
    if (typeof step === 'number') path += `[${step}]`
    else if (!IDENTIFIER.test(step)) path += `[${JSON.stringify(step)}]`
    else path += path === '' ? step : `.${step}`
  }
  return path
}

/**
 * The property names of a dotted path. Throws `InvalidInput` where it has an empty step, is too
 * long, or is not a string.
 */
export function parsePath(path: unknown): string[] {
  if (typeof path !== 'string') {
    throw invalidInput(`a path is a string such as 'address.city', not ${typeof path}`)
  }
  const bytes = utf8Length(path)
  if (bytes < 0) throw invalidInput(`the path ${JSON.stringify(path)} has a lone surrogate`)
  if (bytes > PATH_BYTES_MAX) {
    throw invalidInput(`a path has at most ${PATH_BYTES_MAX} bytes; this one has ${bytes}`)
  }
  const steps = path.split('.')
  if (steps.includes('')) {
    const fault = `the path '${path}' has an empty step`
    throw invalidInput(`${fault}; write property names with single dots between`, { path })
  }
  return steps
}
