// A test of a pipe: its stages between two seams run in this process on the records of the test, and nothing else does.

import { readFile } from 'node:fs/promises'
import type { PipeTest, TestRecords } from '../config/tests.js'
import { collect, EXIT, Problem, problemsOf, Problems, renderProblem } from '../diag/problem.js'
import { ReaderGone } from '../io/output.js'
import type { Seat } from '../io/run.js'
import { fileComplaint } from '../net/file.js'
import { durationText } from '../option/value.js'
import { type Fusable, openFused } from '../pipeline/fused.js'
import type { PipeStage } from '../pipeline/model.js'
import { ByteBuffer } from '../record/bytes.js'
import { LineReader } from '../record/reader.js'
import { RecordClock } from './clock.js'
import { diffOf } from './diff.js'
import type { Failure, Test } from './tap.js'

const READER = { maxLineBytes: 16 << 20, maxDepth: 64, maxIdentities: 100_000 }

/** Its files are read at once; throws every Problem with them. */
export async function pipeTest(test: PipeTest, timeout: number): Promise<Test> {
  const problems: Problem[] = []
  const input = await collect(problems, () => canonical(test, test.input))
  const expected = await collect(problems, () => canonical(test, test.expected))
  if (problems.length > 0) throw new Problems(problems)
  return {
    name: `${test.place.file}: ${test.name}`,
    run: (stop) => run(test, input!, expected!, timeout, stop),
  }
}

/** The records of a test in canonical form. */
async function canonical({ place }: PipeTest, records: TestRecords): Promise<string> {
  if ('lines' in records) return linesOf(records.lines, 'records', place)
  const text = await readFile(records.file, 'utf8').catch((cause: unknown) => {
    throw new Problem(`cannot read ${records.file}: ${fileComplaint(cause)}`, { cause, place })
  })
  return linesOf(text, records.file, place)
}

function linesOf(text: string, name: string, place: PipeTest['place']): string {
  const problems: Problem[] = []
  const onBad = ({ detail }: { detail: string }, line: number) => {
    problems.push(new Problem(`${name}:${line}: ${detail}`, { place }))
    return false
  }
  const reader = new LineReader({ ...READER, onBad })
  const buffer = new ByteBuffer()
  reader.push(Buffer.from(text))?.write(buffer)
  reader.end()?.write(buffer)
  if (problems.length > 0) throw new Problems(problems)
  return buffer.take().toString()
}

async function run(
  test: PipeTest,
  input: string,
  expected: string,
  timeout: number,
  stop: AbortSignal,
): Promise<Failure | null> {
  const late = new AbortController()
  const timer = setTimeout(() => late.abort(), timeout)
  const over = AbortSignal.any([stop, late.signal])
  const said: string[] = []
  const output = new ByteBuffer()
  const tell = (error: unknown, name: string) => {
    if (error instanceof ReaderGone) return EXIT.readerGone
    said.push(...toldOf(error, name))
    return EXIT.failed
  }
  const clock = new RecordClock()
  const stages = test.stages.flatMap(fusable)
  const seat = seatOf(input, output, clock, over)
  const seatOfStage = (_: Fusable, own: Seat): Seat => ({ ...own, clock, logFormat: 'text' })
  const running = await openFused(stages, seat, { tell, seatOf: seatOfStage })
  const ended = typeof running === 'number' ? Promise.resolve() : running().then(() => {})
  const stopped = new Promise<'stopped'>((resolve) => {
    over.addEventListener('abort', () => resolve('stopped'), { once: true })
  })
  if ((await Promise.race([ended, stopped])) === 'stopped') {
    said.push(stop.aborted ? 'asked to stop' : `it took longer than ${durationText(timeout)} (--timeout)`)
  }
  clearTimeout(timer)
  const found = stages.length === 0 ? input : output.take().toString()
  if (said.length === 0 && found === expected) return null
  const { file, line } = test.place
  const failure = new Map([['at', `${file}:${line}`]])
  if (said.length > 0) failure.set('message', said.join('').trimEnd())
  if (found !== expected) failure.set('diff', diffOf(expected, found))
  return failure
}

/** One record after the other, so that time is never ahead of what was put in. */
function seatOf(input: string, output: ByteBuffer, clock: RecordClock, stop: AbortSignal): Seat {
  return {
    stop,
    input: {
      async *chunks() {
        for (const line of input.split('\n').slice(0, -1)) {
          const { ts } = JSON.parse(line) as { ts?: string }
          if (ts !== undefined) clock.see(ts)
          yield Buffer.from(`${line}\n`)
        }
        clock.end()
      },
    },
    output: {
      bytes: 0,
      failed: new Promise<never>(() => {}),
      batch: (batch) => batch.write(output),
      flush: () => Promise.resolve(),
    },
  }
}

/**
 * What keeps records is left out, nothing goes to a dead letter, and nothing is known or left from one run to the next.
 */
function fusable(stage: PipeStage): Fusable[] {
  if (stage.kind === 'program') return [{ program: stage.words.map((word) => word.reveal()) }]
  const { component } = stage
  if (component.role === 'filter' && component.keeps === true) return []
  const { args, options } = stage.input()
  const own = { ...options, state: undefined, dead_letter: undefined, ledger: false } as typeof options
  return [{ component, input: { args, options: own } }]
}

function toldOf(error: unknown, name: string): string[] {
  try {
    return problemsOf(error).map((problem) => renderProblem(problem, name))
  } catch {
    return [`${name}: ${(error as Error).message}\n`]
  }
}
