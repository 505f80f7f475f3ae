// A program that is not solder as a stage: lines to its stdin, lines from its stdout. It is started again when it
// fails.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { access, constants } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import type { Log } from '../component.js'
import { EXIT, type ExitCode, Problem } from '../diag/problem.js'
import { StageAccount } from '../io/account.js'
import { systemClock } from '../io/clock.js'
import { stderrLog } from '../io/log.js'
import { ReaderGone } from '../io/output.js'
import type { Seat } from '../io/run.js'
import { durationText } from '../option/value.js'
import type { Batch } from '../record/batch.js'
import { ByteBuffer } from '../record/bytes.js'
import { LineReader } from '../record/reader.js'
import { tied } from './tied.js'
import { Restarts } from './restarts.js'

export interface Program {
  /** The program and its arguments; no shell reads them. */
  readonly program: readonly string[]
}

const READER = { maxLineBytes: 16 << 20, maxDepth: 64, maxIdentities: 100_000 }

/**
 * The account of a program says what it took (`dropped`, under `taken`) and what it made: which of its lines stands for
 * which, only the program knows.
 */
export async function openProgram({ program }: Program, seat: Seat): Promise<() => Promise<ExitCode>> {
  const [command] = program
  if (!(await exists(command))) {
    throw new Problem(`no program '${command}'`, { expected: command.includes('/') ? 'a file' : 'one on the PATH' })
  }
  const name = `exec ${command}`
  const log = stderrLog(name, 'info', seat.logFormat ?? 'text', systemClock)
  const account = seat.account ?? new StageAccount()
  const stage = new RunningProgram(program, seat, account, log)
  return () => stage.run()
}

class RunningProgram {
  readonly #restarts = new Restarts()
  readonly #buffer = new ByteBuffer()
  readonly #input: AsyncIterator<Batch>
  #child: ChildProcess | null = null
  #bad = 0
  /** The input has ended. */
  #ended = false
  /** Taken from the input when the program that was to have it ended. */
  #next: Promise<IteratorResult<Batch>> | null = null

  constructor(
    private readonly words: readonly string[],
    private readonly seat: Seat,
    private readonly account: StageAccount,
    private readonly log: Log,
  ) {
    this.#input = this.#batches()[Symbol.asyncIterator]()
  }

  async run(): Promise<ExitCode> {
    const gone = this.seat.output.failed.finally(() => this.#child?.kill('SIGKILL'))
    gone.catch(() => {})
    // What it wrote before it failed leaves all the same.
    await Promise.race([this.#keep(), gone]).finally(() => this.seat.output.flush())
    return this.#bad > 0 ? EXIT.failed : EXIT.done
  }

  /** Starts the program until it has read the input to its end. */
  async #keep(): Promise<void> {
    for (;;) {
      const began = systemClock.monotonic()
      const how = await this.#once()
      const code = typeof how === 'number' ? how : how === 'SIGPIPE' ? EXIT.readerGone : EXIT.failed
      const what = typeof how === 'number' ? `ended with ${how}` : `was ended by ${how}`
      if (this.#ended && (code === EXIT.done || code === EXIT.readerGone)) return
      // It may have kept back what it was given, and there is nothing to give it again.
      if (this.#ended) throw new Problem(`${this.words[0]} ${what} after its input`, { exit: exitOf(code) })
      const wait = this.#restarts.next(code, systemClock.monotonic() - began)
      // Whoever says 2 would say it again.
      if (wait === null) throw new Problem(`${this.words[0]} ${what}`)
      this.log.error(`${what} before its input: starting it again in ${durationText(Math.round(wait))}`)
      await systemClock.sleep(wait, this.seat.stop)
    }
  }

  async #once(): Promise<number | NodeJS.Signals> {
    const [command, ...rest] = await tied(this.words)
    const child = spawn(command, rest, { stdio: ['pipe', 'pipe', 'pipe'] })
    this.#child = child
    const ended = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>
    // Whoever ends early does not read what is written: that is no failure of the pipe's.
    child.stdin.on('error', () => {})
    const failed = new Promise<never>((_, reject) => {
      child.once('error', (cause: NodeJS.ErrnoException) => {
        reject(new Problem(`cannot start ${this.words[0]}: ${cause.code}`, { cause, exit: EXIT.temporary }))
      })
    })
    const over = new AbortController()
    const work = [this.#feed(child, over.signal), this.#collect(child), this.#tell(child)]
    void ended.then(() => over.abort())
    await Promise.race([Promise.all(work), failed])
    const [code, signal] = await ended
    return signal ?? code!
  }

  async #feed({ stdin }: ChildProcess, over: AbortSignal): Promise<void> {
    const gone = new Promise<null>((resolve) => over.addEventListener('abort', () => resolve(null), { once: true }))
    for (;;) {
      this.#next ??= this.#input.next()
      const taken = await Promise.race([this.#next, gone])
      if (taken === null) return
      this.#next = null
      if (taken.done === true) {
        this.#ended = true
        stdin!.end()
        return
      }
      const { value } = taken
      this.account.in += value.length
      this.account.drop('taken', value.length)
      value.write(this.#buffer)
      // The bytes stay this program's until they have left.
      const bytes = this.#buffer.take()
      await Promise.race([new Promise<void>((resolve) => stdin!.write(bytes, () => resolve())), gone])
    }
  }

  async #collect({ stdout }: ChildProcess): Promise<void> {
    const reader = new LineReader({
      ...READER,
      onBad: ({ detail }, line) => {
        if (this.#bad++ < 10) this.log.warn(`line ${line} of its output is no record: ${detail}`)
        this.account.made++
        this.account.drop('no_record', 1)
        return false
      },
    })
    for await (const chunk of stdout!) await this.#pass(reader.push(chunk as Buffer))
    await this.#pass(reader.end())
  }

  async #pass(batch: Batch | null): Promise<void> {
    if (batch === null) return
    this.account.made += batch.length
    this.account.out += batch.length
    try {
      await this.seat.output.batch(batch)
    } catch (error) {
      if (!(error instanceof ReaderGone)) throw error
    }
  }

  async #tell({ stderr }: ChildProcess): Promise<void> {
    let rest = ''
    for await (const chunk of stderr!) {
      const lines = (rest + (chunk as Buffer).toString()).split('\n')
      rest = lines.pop()!.slice(-10_000)
      for (const line of lines) this.log.warn(line)
    }
    if (rest !== '') this.log.warn(rest)
  }

  async *#batches(): AsyncGenerator<Batch> {
    const { input } = this.seat
    if ('batches' in input) {
      yield* input.batches()
      return
    }
    const reader = new LineReader({ ...READER, onBad: () => true })
    for await (const chunk of input.chunks()) {
      const batch = reader.push(chunk)
      if (batch !== null) yield batch
    }
    const last = reader.end()
    if (last !== null) yield last
  }
}

/** What a pipe makes of a program's code: those that say whether to try again stay. */
function exitOf(code: number): ExitCode {
  return code === EXIT.usage || code === EXIT.temporary ? code : EXIT.failed
}

/** Whether a command can be found and run. */
export async function exists(command: string): Promise<boolean> {
  const folders = command.includes('/') ? [''] : (process.env.PATH ?? '').split(delimiter)
  const found = folders.map((folder) => access(join(folder, command), constants.X_OK).then(() => true, () => false))
  return (await Promise.all(found)).includes(true)
}
