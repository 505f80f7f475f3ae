// A running `solder receive …` that listens on a free port: where, what it says, what comes out.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Test } from 'tap'
import { environment, ROOT } from './solder.js'

export interface LogEntry {
  labels?: { [name: string]: string }
  ts: string
  observed?: string
  body: unknown
  severity?: string
  severity_number?: number
  attributes?: { [name: string]: unknown }
}

export class Receiving {
  stdout = ''
  stderr = ''
  readonly #closed: Promise<unknown[]>
  #waiting: (() => void)[] = []

  private constructor(readonly child: ChildProcess) {
    this.#closed = once(child, 'close')
    child.stdout!.on('data', (chunk: Buffer) => this.#said(() => (this.stdout += chunk.toString())))
    child.stderr!.on('data', (chunk: Buffer) => this.#said(() => (this.stderr += chunk.toString())))
    child.on('close', () => this.#said(() => {}))
  }

  /**
   * Runs `solder receive WORDS…` until the test ends.
   * @param places how many addresses it is to say that it listens on
   */
  static async start(t: Test, words: readonly string[], places = 1): Promise<Receiving> {
    const child = spawn(process.execPath, [`${ROOT}/bin/solder.js`, 'receive', ...words], {
      env: environment(),
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    t.teardown(() => child.kill('SIGKILL'))
    const receiving = new Receiving(child)
    await receiving.until(() => receiving.places.length >= places)
    return receiving
  }

  /** What it listens on, in the order of the words. */
  get places(): string[] {
    return [...this.stderr.matchAll(/listening on (\S+)\n/g)].map(([, place]) => place)
  }

  /** The port of each. */
  get ports(): number[] {
    return this.places.map((place) => Number(/:(\d+)(?:\/\S*)?$/.exec(place)?.[1]))
  }

  get entries(): LogEntry[] {
    return this.stdout.split('\n').slice(0, -1).map((line) => JSON.parse(line) as LogEntry)
  }

  get bodies(): unknown[] {
    return this.entries.map(({ body }) => body)
  }

  /** Resolves when the condition holds, which is looked at whenever it has said something. */
  async until(done: () => boolean): Promise<this> {
    while (!done()) {
      if (this.child.exitCode !== null) throw new Error(`ended with ${this.child.exitCode}: ${this.stderr}`)
      await new Promise<void>((resolve) => this.#waiting.push(resolve))
    }
    return this
  }

  /** So many records, as far as they have come. */
  async records(count: number): Promise<LogEntry[]> {
    await this.until(() => this.stdout.split('\n').length > count)
    return this.entries
  }

  /** Asks it to stop; its exit code. */
  async stop(): Promise<number | null> {
    this.child.kill('SIGTERM')
    const [code] = await this.#closed
    return code as number | null
  }

  #said(take: () => void): void {
    take()
    for (const resolve of this.#waiting.splice(0)) resolve()
  }
}
