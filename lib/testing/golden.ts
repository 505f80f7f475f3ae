// A golden folder: a command, what it reads, and what it has to write, say and end with. All of it is compared by
// bytes.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createReadStream, existsSync } from 'node:fs'
import { readFile, rm, writeFile } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { durationText } from '../option/value.js'
import { tied } from '../pipeline/tied.js'
import { diffOf } from './diff.js'
import type { Failure, Test } from './tap.js'

export interface GoldenOptions {
  /** Milliseconds that a command may take. */
  readonly timeout: number
  /** Bytes that it may write, to stdout and to stderr each. */
  readonly maxOutput: number
  /** Whether what comes is recorded as what is expected. */
  readonly update: boolean
}

interface Ran {
  readonly stdout: Buffer
  readonly stderr: Buffer
  /** The exit code, or the signal that ended it. */
  readonly code: string
  /** What kept it from its end. */
  readonly broken: string | null
}

/** What is compared: the file, what an absent file stands for, and what came. */
const COMPARED = [
  ['expected.ndjson', '', ({ stdout }: Ran) => stdout],
  ['expected.stderr', '', ({ stderr }: Ran) => stderr],
  ['expected.code', '0\n', ({ code }: Ran) => Buffer.from(`${code}\n`)],
] as const

export function goldenTest(folder: string, options: GoldenOptions): Test {
  return {
    name: folder,
    async run(stop) {
      const ran = await runCommand(folder, options, stop)
      if (ran.broken !== null) return new Map([['message', ran.broken]])
      return options.update ? record(folder, ran) : compare(folder, ran)
    },
  }
}

async function compare(folder: string, ran: Ran): Promise<Failure | null> {
  const failure = new Map<string, string>()
  for (const [name, absent, of] of COMPARED) {
    const path = `${folder}/${name}`
    const expected = existsSync(path) ? await readFile(path) : Buffer.from(absent)
    const found = of(ran)
    if (!found.equals(expected)) failure.set(name, diffOf(expected.toString(), found.toString()))
  }
  return failure.size === 0 ? null : failure
}

/** A file whose absence says the same is not written. */
async function record(folder: string, ran: Ran): Promise<null> {
  for (const [name, absent, of] of COMPARED) {
    const found = of(ran)
    if (found.toString() === absent) await rm(`${folder}/${name}`, { force: true })
    else await writeFile(`${folder}/${name}`, found)
  }
  return null
}

async function runCommand(folder: string, { timeout, maxOutput }: GoldenOptions, stop: AbortSignal): Promise<Ran> {
  const command = await readFile(`${folder}/cmd`, 'utf8')
  const [program, ...words] = await tied(['sh', '-c', command])
  // A group of its own: what the command started ends with it.
  const child = spawn(program, words, { cwd: folder, detached: true })
  let broken: string | null = null
  const end = (why: string) => {
    broken ??= why
    try {
      process.kill(-child.pid!, 'SIGKILL')
    } catch {
      // It has ended by itself.
    }
  }
  const stopped = () => end('asked to stop')
  stop.addEventListener('abort', stopped)
  const timer = setTimeout(() => end(`it took longer than ${durationText(timeout)} (--timeout)`), timeout)
  const tooMuch = () => end(`it wrote more than ${maxOutput} bytes (--max-output)`)
  const closed = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>
  const input = existsSync(`${folder}/input.ndjson`) ? createReadStream(`${folder}/input.ndjson`) : null
  // A command that does not read all of it is no failure.
  if (input !== null) pipeline(input, child.stdin).catch(() => {})
  else child.stdin.on('error', () => {}).end()
  try {
    const output = [taken(child.stdout, maxOutput, tooMuch), taken(child.stderr, maxOutput, tooMuch)]
    const [[stdout, stderr], [code, signal]] = await Promise.all([Promise.all(output), closed])
    return { stdout, stderr, code: String(code ?? signal), broken }
  } finally {
    clearTimeout(timer)
    stop.removeEventListener('abort', stopped)
  }
}

async function taken(stream: Readable, most: number, tooMuch: () => void): Promise<Buffer> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of stream) {
    length += (chunk as Buffer).length
    if (length > most) {
      tooMuch()
      break
    }
    chunks.push(chunk as Buffer)
  }
  return Buffer.concat(chunks)
}
