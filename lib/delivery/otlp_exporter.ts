// Exports of OTLP on their way to one destination, whatever it is spoken to in: in halves where one is too large, and what the
// destination takes in part.

import type { Context } from '../component.js'
import type { PartialSuccess } from '../wire/otlp/answer.js'
import { Divided } from './divided.js'
import { exportOf, halvesOfExport, type HeldExport, recordsOfExport } from './otlp_body.js'
import type { Outcome, Reply } from './outcome.js'

/** A warning that comes with every answer is told this often, milliseconds. */
const TELL_EVERY = 10_000

export type ExportReply = Reply & {
  /** What an answer says of an export that it takes. */
  partial?: PartialSuccess
}

/** The way to a destination. */
export interface ExportTransport {
  /** One attempt. */
  send(held: HeldExport, signal: AbortSignal): Promise<ExportReply>
  close(): Promise<void>
}

export class OtlpExporter {
  readonly #divided: Divided
  #told = -Infinity

  constructor(
    /** What messages call the destination. */
    private readonly destination: string,
    private readonly transport: ExportTransport,
    private readonly context: Pick<Context, 'log' | 'account' | 'clock' | 'reject'>,
  ) {
    this.#divided = new Divided({
      destination,
      log: context.log,
      monotonic: () => context.clock.monotonic(),
      smaller: '--batch-records or --batch-bytes',
      attempt: (body, signal) => this.#attempt(body, signal),
      halves: async (body) => halvesOfExport(body),
    })
  }

  /** One attempt with a held export, or some where it is too large as a whole. */
  send(body: Buffer, signal: AbortSignal): Promise<Outcome> {
    return this.#divided.send(body, signal)
  }

  async #attempt(body: Buffer, signal: AbortSignal): Promise<Reply> {
    const reply = await this.transport.send(exportOf(body), signal)
    if (reply.kind !== 'stored') return reply
    this.context.account.out_bytes += reply.sent ?? 0
    if (reply.partial !== undefined) this.#partly(body, reply.partial)
    return reply
  }

  /**
   * What was taken in part is not sent again. It goes to the dead letters as a whole: nobody says which part was not taken.
   * In the account, where the export counts as sent, only that part is dropped.
   */
  #partly(body: Buffer, { rejected, message }: PartialSuccess): void {
    if (rejected === 0) return this.#tell(message)
    const { account } = this.context
    const records = recordsOfExport(body)
    const missing = Math.min(rejected, records.length)
    const words = message === '' ? '' : `: ${message}`
    const detail = `${this.destination}: ${missing} of ${records.length} rejected, not told which${words}`
    for (const original of records) this.context.reject({ reason: 'partly_refused', detail, original })
    account.drop('partly_refused', missing - records.length)
    account.out -= missing
  }

  #tell(message: string): void {
    const now = this.context.clock.monotonic()
    if (message === '' || now - this.#told < TELL_EVERY) return
    this.#told = now
    this.context.log.warn(`${this.destination}: taken, with a warning: ${message}`)
  }
}
