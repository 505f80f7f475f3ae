// A program whose output is read, from its start to its end; it ends with whoever runs it.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Readable } from 'node:stream'
import type { SourceContext } from '../component.js'
import { EXIT, Problem } from '../diag/problem.js'

export interface ChildOptions {
  /** What starts the words so that they end when this process does. */
  tie(words: readonly string[]): Promise<readonly string[]>
  /** Milliseconds to end after SIGTERM, and for what the program started to close its output. */
  stopTimeout: number
}

/** What takes the bytes of one of its outputs, piece by piece. */
export interface Reading {
  push(chunk: Buffer): void | Promise<void>
  end(): void | Promise<void>
}

type Context = Pick<SourceContext, 'clock' | 'signal'>

/** Runs it to its end; its exit code, or the signal that ended it. Throws a Problem where it cannot be started. */
export async function runChild(
  words: readonly string[], { tie, stopTimeout }: ChildOptions, stdout: Reading, stderr: Reading, context: Context,
): Promise<number | NodeJS.Signals> {
  const [command, ...rest] = await tie(words)
  const child = spawn(command, rest, { stdio: ['ignore', 'pipe', 'pipe'] })
  const started = once(child, 'spawn').catch((cause: NodeJS.ErrnoException) => {
    throw new Problem(`cannot start ${words[0]}: ${cause.code}`, { cause, exit: EXIT.temporary })
  })
  const exited = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>
  exited.catch(() => {})
  await started
  const over = new AbortController()
  const stopped = stopWith(child, stopTimeout, over.signal, context)
  try {
    const read = Promise.all([drain(child.stdout, stdout), drain(child.stderr, stderr)])
    const [code, signal] = await Promise.race([exited, read.then(() => exited)])
    // A child of its own may hold its output open.
    await Promise.race([read, context.clock.sleep(stopTimeout, over.signal)])
    return signal ?? code!
  } finally {
    over.abort()
    child.stdout.destroy()
    child.stderr.destroy()
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL')
    await stopped
  }
}

/** Asks it to end when this process is asked to; kills it where it does not in time. */
async function stopWith(child: ChildProcess, timeout: number, over: AbortSignal, context: Context): Promise<void> {
  const { signal, clock } = context
  const ask = () => {
    child.kill('SIGTERM')
    void clock.sleep(timeout, over).then(() => over.aborted || child.kill('SIGKILL'))
  }
  if (signal.aborted) ask()
  else signal.addEventListener('abort', ask, { once: true })
  await new Promise<void>((resolve) => over.addEventListener('abort', () => resolve(), { once: true }))
  signal.removeEventListener('abort', ask)
}

async function drain(stream: Readable, reading: Reading): Promise<void> {
  try {
    for await (const chunk of stream) await reading.push(chunk as Buffer)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error
  }
  await reading.end()
}
