// A running supervisor: the real program, its log, its admin server; ended with the test, by pid.

import { spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Test } from 'tap'
import type { PipeStatus } from '../../lib/admin/state.js'
import { until as untilWithin } from './peers.js'
import { environment, ROOT } from './solder.js'
import { temporary } from './temporary.js'

/** Milliseconds: each step starts processes, on a machine that may have other work. */
const PATIENCE = 120_000

/** Asks until there is an answer. */
export function until<T>(ask: () => Promise<T | undefined>, what: string): Promise<T> {
  return untilWithin(ask, what, PATIENCE)
}

export interface LogLine {
  level: string
  pipe?: string
  stage?: string
  message: string
}

export interface SupervisedOptions {
  /** Words behind `solder run`, in place of the pipeline file. */
  words?: readonly string[]
  env?: { [name: string]: string }
  /** The folder; a new one if absent. */
  folder?: string
  /** Whether nobody asks the admin server. */
  quiet?: boolean
}

/** Whether a process is there, and more than a zombie. */
export function lives(pid: number): boolean {
  if (!existsSync(`/proc/${pid}/stat`)) return false
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'))
  } catch {
    return false
  }
}

/** Waits until processes have ended. */
export function gone(pids: readonly number[]): Promise<true> {
  return until(async () => !pids.some(lives) || undefined, `the end of ${pids.join(', ')}`)
}

export class Supervised {
  readonly log: LogLine[] = []
  stdout = ''
  stderr = ''
  readonly ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>
  readonly pid: number
  readonly #signal: (signal: NodeJS.Signals) => void

  /** @param pipeline text of the pipeline file, `solder.yaml` of the folder */
  constructor(
    t: Test,
    pipeline: string,
    more: readonly string[] = [],
    { words = ['solder.yaml'], env, folder = temporary(t), quiet = false }: SupervisedOptions = {},
  ) {
    this.folder = folder
    this.write(pipeline)
    const http = ['--http', quiet ? 'off' : '127.0.0.1:0']
    const child = spawn(process.execPath, [`${ROOT}/bin/solder.js`, 'run', ...words, ...http, ...more], {
      cwd: folder,
      env: environment(env),
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.pid = child.pid!
    let rest = ''
    child.stdout.on('data', (chunk: Buffer) => (this.stdout += chunk.toString()))
    child.stderr.on('data', (chunk: Buffer) => {
      this.stderr += chunk.toString()
      const lines = (rest + chunk.toString()).split('\n')
      rest = lines.pop()!
      for (const line of lines) if (line.startsWith('{')) this.log.push(JSON.parse(line) as LogLine)
    })
    this.#signal = (signal) => void child.kill(signal)
    this.ended = new Promise((resolve) => child.on('close', (code, signal) => resolve({ code, signal })))
    // Its processes go with it.
    t.teardown(() => {
      child.kill('SIGKILL')
      return this.ended
    })
  }

  readonly folder: string

  write(pipeline: string): void {
    writeFileSync(join(this.folder, 'solder.yaml'), pipeline)
  }

  text(file: string): string {
    const path = join(this.folder, file)
    return existsSync(path) ? readFileSync(path, 'utf8') : ''
  }

  /** Waits for a line of the log. */
  said(pattern: RegExp, from = 0): Promise<LogLine> {
    return until(async () => this.log.slice(from).find(({ message }) => pattern.test(message)), `${pattern} in ${this.stderr}`)
  }

  /** Waits until everything runs. */
  async running(): Promise<this> {
    const over = this.ended.then(({ code }) => Promise.reject(new Error(`it ended with ${code}: ${this.stderr}`)))
    over.catch(() => {})
    await Promise.race([this.said(/^running /), over])
    return this
  }

  async url(): Promise<string> {
    const { message } = await this.said(/^admin server on /)
    return message.replace('admin server on ', '')
  }

  async fetch(path: string, init?: RequestInit): Promise<{ status: number; text: string }> {
    const answer = await fetch((await this.url()) + path, init)
    return { status: answer.status, text: await answer.text() }
  }

  reload(): Promise<{ status: number; text: string }> {
    return this.fetch('/-/reload', { method: 'POST' })
  }

  async pipe(name: string): Promise<PipeStatus> {
    const { text } = await this.fetch('/api/v1/pipes')
    const { pipes } = JSON.parse(text) as { pipes: PipeStatus[] }
    return pipes.find((pipe) => pipe.name === name)!
  }

  /** What a stage has let out so far, of the process of the moment and those before. */
  async count(pipe: string, stage: string): Promise<number> {
    return (await this.pipe(pipe)).stages.find((entry) => entry.stage === stage)?.out ?? 0
  }

  signal(signal: NodeJS.Signals): void {
    this.#signal(signal)
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    this.#signal(signal)
    return (await this.ended).code
  }
}

/** The process of a pipe and the programs that it started. */
export function groupOf(pid: number): number[] {
  return processes().filter((row) => row.group === pid).map((row) => row.pid)
}

function processes(): { pid: number; group: number }[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const stat = readFileSync(`/proc/${name}/stat`, 'latin1')
        const [state, , group] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
        return state === 'Z' ? [] : [{ pid: Number(name), group: Number(group) }]
      } catch {
        return []
      }
    })
}
