// Reads from the output of a test runner how many tests passed. A runner that ran none has failed.
import { Failure } from './run.mjs'

/** How each runner says it; where it says so several times, the numbers add up. */
const patterns = {
  cargo: /^test result: ok\. (\d+) passed/gm,
  nextest: /^\s*Summary .*?(\d+) passed/gm,
  node: /^(?:# |ℹ )pass (\d+)$/gm,
  playwright: /^\s*(\d+) passed/gm,
}

/**
 * @param {keyof typeof patterns} runner
 * @param {string} output
 */
export function countTests(runner, output) {
  const passed = Array.from(plain(output).matchAll(patterns[runner]), ([, count]) => Number(count))
  const total = passed.reduce((sum, count) => sum + count, 0)
  if (total === 0) throw new Failure(`no test was run (${runner})`)
  return total
}

/**
 * Without the escape sequences of colours.
 * @param {string} text
 */
function plain(text) {
  return text.replaceAll(new RegExp(`${String.fromCharCode(27)}\\[[0-9;]*m`, 'g'), '')
}
