// A pipe of the shell whose stages can be killed one by one, with what each of them said and ended with.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { type Entry, parseEntry } from '../../lib/ledger/ledger.js'
import { environment } from './solder.js'

export interface EndedStage {
  /** As a shell tells it: 128 and the number of the signal. */
  code: number
  stderr: string
  /** Its last accounts by stage; one that was killed has none. */
  accounts: Entry[]
}

/** A stage that does not end by then hangs. */
const DEADLINE_MS = 60_000
const POLL_MS = 2

const pause = () => new Promise((resolve) => setTimeout(resolve, POLL_MS))

export class Pipe {
  /** Resolves when every stage has ended; rejects where one does not. */
  readonly ended: Promise<EndedStage[]>
  over = false
  readonly #child: ChildProcess
  readonly #folder: string

  private constructor(private readonly stages: readonly string[], cwd: string, onEnd: () => void) {
    this.#folder = mkdtempSync(join(cwd, 'pipe-'))
    const quoted = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`
    // Each stage writes the id of its process, which exec keeps.
    const stage = (words: string, i: number) =>
      `{ sh -c ${quoted(`echo $$ > ${this.#folder}/pid${i}; exec ${words}`)} 2> ${this.#folder}/err${i}; echo $? > ${this.#folder}/code${i}; }`
    const script = stages.map(stage).join(' | ')
    this.#child = spawn('sh', ['-c', script], { cwd, env: environment(), stdio: 'ignore', detached: true })
    this.ended = this.#end().finally(() => {
      this.over = true
      onEnd()
    })
    this.ended.catch(() => {})
  }

  /** @param stages commands, each the words of one program */
  static start(stages: readonly string[], cwd: string, onEnd: () => void = () => {}): Pipe {
    return new Pipe(stages, cwd, onEnd)
  }

  /** Sends a signal to a stage once it has started; whether it was still there. */
  async signal(stage: number, signal: NodeJS.Signals): Promise<boolean> {
    const pid = await this.pid(stage)
    try {
      return pid > 0 && !this.over && process.kill(pid, signal)
    } catch {
      return false
    }
  }

  /** The process of a stage, once it has started; 0 if all have ended. */
  async pid(stage: number): Promise<number> {
    while (!this.over && !this.#read(`pid${stage}`).endsWith('\n')) await pause()
    return Number(this.#read(`pid${stage}`))
  }

  stderr(stage: number): string {
    return this.#read(`err${stage}`)
  }

  /** Resolves when a stage has said something, or all have ended. */
  async said(stage: number, pattern: RegExp): Promise<void> {
    while (!this.over && !pattern.test(this.stderr(stage))) await pause()
  }

  #read(name: string): string {
    const path = join(this.#folder, name)
    return existsSync(path) ? readFileSync(path, 'utf8') : ''
  }

  async #end(): Promise<EndedStage[]> {
    let hung = false
    const deadline = setTimeout(() => {
      hung = true
      process.kill(-this.#child.pid!, 'SIGKILL')
    }, DEADLINE_MS)
    await once(this.#child, 'close')
    clearTimeout(deadline)
    const ended = this.stages.map((_, i) => this.#stage(i))
    const left = hung ? [] : await this.#left()
    rmSync(this.#folder, { recursive: true })
    const said = ended.map(({ stderr }) => stderr).join('')
    if (hung) throw new Error(`a pipe does not end: ${this.stages.join(' | ')}\n${said}`)
    if (left.length > 0) throw new Error(`processes ${left.join()} are left behind: ${this.stages.join(' | ')}\n${said}`)
    return ended
  }

  #stage(i: number): EndedStage {
    const stderr = this.stderr(i)
    const accounts = stderr.split('\n').map(parseEntry).filter((entry) => entry !== null)
    return { code: Number(this.#read(`code${i}`)), stderr, accounts }
  }

  async #left(): Promise<number[]> {
    const pids = await Promise.all(this.stages.map((_, i) => this.pid(i)))
    return pids.filter((pid) => {
      try {
        return process.kill(pid, 0)
      } catch {
        return false
      }
    })
  }
}
