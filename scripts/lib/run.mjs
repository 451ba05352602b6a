// Starts other programs, and says in one line what went wrong when one fails.
import { spawn, spawnSync } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { root } from './paths.mjs'

/** An expected failure: its message is the one line shown, without a stack. */
export class Failure extends Error {}

/** @param {string} line */
export function say(line) {
  process.stdout.write(`${line}\n`)
}

/** @param {number} since a time from `Date.now()` */
export function seconds(since) {
  const elapsed = (Date.now() - since) / 1000
  return elapsed < 10 ? `${elapsed.toFixed(1)} s` : `${Math.round(elapsed)} s`
}

/**
 * @typedef {{ cwd?: string, env?: Record<string, string | undefined>, quiet?: boolean }} RunOptions
 */

/**
 * Runs a program to its end and shows its output as it comes; `quiet` shows it only on failure.
 * @param {string} command
 * @param {string[]} args
 * @param {RunOptions} [options]
 * @returns {Promise<string>} everything it printed
 */
export function run(command, args, options = {}) {
  const { cwd = root, env = {}, quiet = false } = options
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    /** @type {Buffer[]} */
    const output = []
    for (const [from, to] of /** @type {const} */ ([
      [child.stdout, process.stdout],
      [child.stderr, process.stderr],
    ])) {
      from.on('data', (chunk) => {
        output.push(chunk)
        if (!quiet) to.write(chunk)
      })
    }
    child.on('error', (error) => reject(new Failure(`${command} did not start: ${error.message}`)))
    child.on('close', (code, signal) => {
      const text = Buffer.concat(output).toString()
      if (code === 0) return resolve(text)
      if (quiet) process.stderr.write(text)
      const end = signal ? `was ended by ${signal}` : `failed (exit code ${code})`
      reject(new Failure(`\`${[command, ...args].join(' ')}\` ${end}; its output is above`))
    })
  })
}

/**
 * What a program prints, or undefined where it is missing or fails.
 * @param {string} command
 * @param {string[]} args
 * @returns {string | undefined}
 */
export function ask(command, args) {
  const { status, stdout } = spawnSync(command, args, { cwd: root, encoding: 'utf8' })
  return status === 0 ? stdout.trim() : undefined
}

/**
 * The path of the first of these programs that is installed.
 * @param {string[]} names
 * @returns {string | undefined}
 */
export function which(...names) {
  for (const name of names) {
    for (const folder of (process.env.PATH ?? '').split(delimiter)) {
      const path = join(folder, name)
      try {
        accessSync(path, constants.X_OK)
        return path
      } catch {
        // Not in this folder.
      }
    }
  }
  return undefined
}

/**
 * Runs a script's work; an expected failure ends the process with its one line.
 * @param {() => Promise<void>} work
 */
export async function main(work) {
  try {
    await work()
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    process.stderr.write(`error: ${error.message}\n`)
    process.exitCode = 1
  }
}
