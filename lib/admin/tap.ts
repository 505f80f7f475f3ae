// Records that pass a stage, as server-sent events.

import type { ServerResponse } from 'node:http'
import { problemsOf } from '../diag/problem.js'
import type { ServerAnswer, ServerRequest } from '../net/server.js'
import type { PipeJob, TapRequest } from '../supervisor/protocol.js'
import type { RunningPipeline } from '../supervisor/run.js'

/** Bytes that wait for a client; what comes meanwhile it misses. */
const WAITING = 1 << 20
/** Milliseconds between two signs of life, so that nobody on the way takes the connection for dead. */
const ALIVE = 15_000

/** The stage before the sink: what it takes is what the pipe makes. */
function lastStage({ to, readers }: PipeJob): string {
  return to[0]?.at(-1)?.id ?? `to-${readers[0]}`
}

export async function tapAnswer(
  { url }: ServerRequest, { supervisor, signal }: RunningPipeline,
): Promise<ServerAnswer> {
  const parameters = url.searchParams
  const name = parameters.get('pipe')
  if (name === null) return { status: 400, text: "'pipe' is missing" }
  const pipe = supervisor.pipes.find((one) => one.name === name)
  if (pipe === undefined) return { status: 404, text: `no pipe '${name}'; there are ${supervisor.pipes.map((one) => one.name).join(', ')}` }
  const { job } = pipe
  const stage = parameters.get('stage') ?? lastStage(job)
  const stages = [...job.from.flatMap((inlet) => inlet.stages), ...job.through, ...job.to.flat()].map(({ id }) => id)
  const links = [...job.reads.map((other) => `from-${other}`), ...job.readers.map((other) => `to-${other}`)]
  if (![...stages, ...links].includes(stage)) return { status: 404, text: `no stage '${stage}' in '${name}'; there are ${stages.join(', ')}` }
  const rate = parameters.get('rate')
  if (rate !== null && !/^[1-9]\d{0,8}$/.test(rate)) return { status: 400, text: `rate '${rate}' is not valid: expected a whole number, 1 or more` }
  const where = parameters.get('where')
  const wrong = await complaintAbout(where)
  if (wrong !== null) return { status: 400, text: wrong }
  const request: TapRequest = { stage, where, rate: rate === null ? null : Number(rate), sample: parameters.get('sample') === 'true' }
  const stream = (response: ServerResponse) => {
    const client = new Client(response)
    const detach = supervisor.tap(name, request, (lines, missed, refused) => client.take(lines, missed, refused))
    const end = () => void response.end()
    signal.addEventListener('abort', end)
    response.on('close', () => {
      detach()
      client.close()
      signal.removeEventListener('abort', end)
    })
  }
  return { status: 200, headers: { 'content-type': 'text/event-stream', 'cache-control': 'no-store' }, stream }
}

async function complaintAbout(where: string | null): Promise<string | null> {
  if (where === null) return null
  try {
    const { compileExpression } = await import('../expr/expression.js')
    await compileExpression(where, { result: 'bool' })
    return null
  } catch (error) {
    return problemsOf(error).map(({ message }) => `where: ${message}`).join('\n')
  }
}

class Client {
  #missed = 0
  readonly #alive: NodeJS.Timeout

  constructor(private readonly response: ServerResponse) {
    response.flushHeaders()
    response.on('drain', () => this.#tell())
    this.#alive = setInterval(() => response.write(': \n\n'), ALIVE)
  }

  take(lines: string, missed: number, refused: string | null): void {
    const { response } = this
    this.#missed += missed
    if (lines === '' && missed === 0 && refused === null) response.write(': attached\n\n')
    if (refused !== null) response.write(`event: gone\ndata: ${JSON.stringify({ why: refused })}\n\n`)
    if (response.writableLength > WAITING) {
      for (const char of lines) if (char === '\n') this.#missed++
      return
    }
    this.#tell()
    if (lines !== '') response.write(`data: ${lines.slice(0, -1).replaceAll('\n', '\n\ndata: ')}\n\n`)
  }

  #tell(): void {
    if (this.#missed === 0) return
    this.response.write(`event: missed\ndata: {"records":${this.#missed}}\n\n`)
    this.#missed = 0
  }

  close(): void {
    clearInterval(this.#alive)
  }
}
