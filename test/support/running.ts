// A shell pipeline that runs until it is told to stop.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { environment, type Ran, ROOT } from './solder.js'

export interface Running {
  /** stderr so far. */
  stderr(): string
  /** What the first group of a pattern finds in stderr, as soon as it does. */
  said(pattern: RegExp): Promise<string>
  /** Sends the signal to every process of the pipeline, as a terminal would, and waits for its end. */
  stop(signal?: NodeJS.Signals): Promise<Ran>
}

/** Starts a pipeline; after a minute it is killed. */
export function start(command: string): Running {
  // The trap keeps sh itself until the pipeline has ended, for its exit code.
  const child = spawn('sh', ['-c', `trap : TERM INT; ${command}`], { cwd: ROOT, env: environment(), detached: true })
  const signalAll = (signal: NodeJS.Signals) => {
    try {
      process.kill(-child.pid!, signal)
    } catch {
      // All of them have ended.
    }
  }
  const stdout: Buffer[] = []
  const stderr: Buffer[] = []
  child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk))
  child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk))
  child.stdin.end()
  const text = (chunks: Buffer[]) => Buffer.concat(chunks).toString()
  const deadline = setTimeout(() => signalAll('SIGKILL'), 60_000)
  const ended = new Promise<Ran>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) => {
      clearTimeout(deadline)
      resolve({ code, signal, stdout: text(stdout), stderr: text(stderr) })
    })
  })
  return {
    stderr: () => text(stderr),
    async said(pattern) {
      for (;;) {
        const found = pattern.exec(text(stderr))
        if (found !== null) return found[1]
        const over = await Promise.race([once(child.stderr, 'data').then(() => false), ended.then(() => true)])
        if (over) throw new Error(`it said: ${text(stderr)}`)
      }
    },
    stop: (signal = 'SIGTERM') => {
      signalAll(signal)
      return ended
    },
  }
}
