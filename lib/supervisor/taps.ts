// Looking at what passes a stage while it runs. Whoever looks slows nothing down: what does not fit is passed over, and
// counted.

import { problemsOf } from '../diag/problem.js'
import type { Expression } from '../expr/expression.js'
import { RowView } from '../expr/field.js'
import type { RunningGraph } from '../pipeline/graph.js'
import type { Batch } from '../record/batch.js'
import { ByteBuffer } from '../record/bytes.js'
import type { FromPipe, TapRequest } from './protocol.js'

/** Bytes of lines that wait for the supervisor to take those before. */
const WAITING = 1 << 20

const SECOND = 1000

/** Those that look at stages of this process, by the number that the supervisor gave them. */
export class Taps {
  readonly #open = new Map<number, { tap: Tap; attach: (graph: RunningGraph) => void }>()

  constructor(private readonly send: (message: FromPipe) => Promise<void>) {}

  /** Attaches now, or when the stages are there. */
  async open(id: number, request: TapRequest, graph: RunningGraph | null): Promise<void> {
    const tell = (lines: string, missed: number, refused: string | null = null) =>
      this.send({ type: 'tapped', id, lines, missed, refused })
    let where: Expression | null = null
    try {
      if (request.where !== null) {
        const { compileExpression } = await import('../expr/expression.js')
        where = await compileExpression(request.where, { result: 'bool' })
      }
    } catch (error) {
      return tell('', 0, problemsOf(error).map(({ message }) => message).join('; '))
    }
    const tap = new Tap(request, where, tell)
    const attach = (graph: RunningGraph) => {
      const detach = graph.watch(request.stage, (batch) => tap.see(batch))
      if (detach === null) return void tell('', 0, `no stage '${request.stage}'`)
      tap.detach = detach
      // From here on nothing passes unseen.
      void tell('', 0)
    }
    this.#open.set(id, { tap, attach })
    if (graph !== null) attach(graph)
  }

  opened(graph: RunningGraph): void {
    for (const { attach } of this.#open.values()) attach(graph)
  }

  /** Tells what was seen so far, since nothing more will be. */
  async flush(): Promise<void> {
    await Promise.all([...this.#open.values()].map(({ tap }) => tap.flush()))
  }

  close(id: number): void {
    this.#open.get(id)?.tap.close()
    this.#open.delete(id)
  }
}

class Tap {
  readonly #view = new RowView()
  readonly #buffer = new ByteBuffer()
  /** Lines of the second under way, taken at random out of `#seen`. */
  #chosen: string[] = []
  #seen = 0
  #missed = 0
  /** What is on its way to the supervisor. */
  #sending: Promise<void> | null = null
  #timer: NodeJS.Timeout | null = null
  detach: () => void = () => {}

  constructor(
    private readonly request: TapRequest,
    private readonly where: Expression | null,
    private readonly tell: (lines: string, missed: number) => Promise<void>,
  ) {}

  see(batch: Batch): void {
    this.#turn()
    const { rate, sample } = this.request
    const take: number[] = []
    for (let row = 0; row < batch.length; row++) {
      if (!this.#wanted(batch, row)) continue
      this.#seen++
      if (rate !== null && sample) this.#choose(batch, row, rate)
      else if ((rate === null || this.#seen <= rate) && this.#buffer.length < WAITING) take.push(row)
      else this.#missed++
    }
    if (take.length > 0) pick(batch, take).write(this.#buffer)
    this.#send()
  }

  async flush(): Promise<void> {
    this.#endSecond()
    while (this.#sending !== null) await this.#sending
  }

  close(): void {
    this.detach()
    if (this.#timer !== null) clearTimeout(this.#timer)
  }

  #wanted(batch: Batch, row: number): boolean {
    const id = batch.id(row)
    if (id === undefined) return false
    try {
      return this.where === null || this.where.test(this.#view.at(batch, row, id))
    } catch {
      // The expression has no value for this record: it is not what was asked for.
      return false
    }
  }

  /** Every record of a second has the same chance. */
  #choose(batch: Batch, row: number, rate: number): void {
    const at = this.#seen <= rate ? this.#seen - 1 : Math.floor(Math.random() * this.#seen)
    if (this.#seen > rate) this.#missed++
    if (at >= rate) return
    const one = new ByteBuffer()
    pick(batch, [row]).write(one)
    this.#chosen[at] = one.take().toString()
  }

  /** Begins the next second when it is time to. */
  #turn(): void {
    if (this.request.rate === null || this.#timer !== null) return
    this.#timer = setTimeout(() => {
      this.#timer = null
      this.#endSecond()
    }, SECOND)
  }

  #endSecond(): void {
    this.#seen = 0
    for (const line of this.#chosen) this.#buffer.text(line)
    this.#chosen = []
    this.#send()
  }

  #send(): void {
    if (this.#sending !== null || (this.#buffer.length === 0 && this.#missed === 0)) return
    const lines = this.#buffer.take()
    const missed = this.#missed
    this.#missed = 0
    this.#sending = this.tell(lines.toString(), missed).then(() => {
      this.#sending = null
      this.#send()
    })
    this.#buffer.recycle(lines)
  }
}

function pick(batch: Batch, rows: readonly number[]): Batch {
  return batch.select(rows.map((row) => batch.id(row)), Int32Array.from(rows), null)
}
