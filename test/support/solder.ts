// Runs command lines as a user would: by sh, with `solder` on the PATH.

import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** The project's folder. */
export const ROOT = fileURLToPath(new URL('../../..', import.meta.url))

export interface Ran {
  code: number | null
  signal: NodeJS.Signals | null
  stdout: string
  stderr: string
}

export interface RunOptions {
  stdin?: string | Buffer
  cwd?: string
  env?: { [name: string]: string }
  /** Milliseconds after which the command is killed; a test then fails by its exit code. */
  timeout?: number
}

/**
 * tap loads code of its own into every process that a test starts, with handlers of signals: programs under test are to
 * run as they do alone. NODE_OPTIONS asks for it, and a hook of `spawn` (process-on-spawn) asks again.
 */
const spawnHooks = (globalThis as { [key: symbol]: { listeners: unknown[] } | undefined })[
  Symbol.for('process-on-spawn@*:singletonId')
]
if (spawnHooks !== undefined) spawnHooks.listeners.length = 0

/** Environment in which `solder` is the one of this checkout. */
export function environment(more: { [name: string]: string } = {}): NodeJS.ProcessEnv {
  return { ...process.env, NODE_OPTIONS: '', PATH: `${ROOT}/test/support/bin:${process.env.PATH}`, NO_COLOR: '1', ...more }
}

/** Runs a shell command to its end. */
export function sh(command: string, options: RunOptions = {}): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const child = spawn('sh', ['-c', command], {
      cwd: options.cwd ?? ROOT,
      env: environment(options.env),
      timeout: options.timeout ?? 60_000,
      killSignal: 'SIGKILL',
    })
    const stdout: Buffer[] = []
    const stderr: Buffer[] = []
    child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk))
    child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk))
    child.on('error', reject)
    child.on('close', (code, signal) =>
      resolve({ code, signal, stdout: Buffer.concat(stdout).toString(), stderr: Buffer.concat(stderr).toString() }),
    )
    child.stdin.on('error', () => {})
    child.stdin.end(options.stdin ?? '')
  })
}
