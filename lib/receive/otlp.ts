// Exports of OTLP to records, however they were sent.

import { parseMessage } from '../wire/otlp/json.js'
import type { ItemBatch } from '../wire/otlp/item_batch.js'
import { ItemReader } from '../wire/otlp/item_reader.js'
import type { MetricsRequest, Requests } from '../wire/otlp/message.js'
import { type Bounds, decodeMessage } from '../wire/otlp/protobuf.js'
import { emptyMetrics, recordsOf } from '../wire/otlp/records.js'
import { REQUESTS, type Signal } from '../wire/otlp/schema.js'
import { complaintsText } from './answer.js'
import { Intake, type IntakeContext, type IntakeOptions, type RequestHeaders } from './intake.js'
import { readWithin } from './not_taken.js'
import { Recent } from './recent.js'

export interface OtlpReceiverOptions extends IntakeOptions, Bounds {
  /** Largest export after decompression. */
  max_request_bytes: number
}

/** Bodies and answers are of one form. */
export type Form = 'application/x-protobuf' | 'application/json'

/** What answers count as rejected. */
export const REJECTED: Readonly<{ [S in Signal]: string }> = {
  traces: 'rejectedSpans',
  logs: 'rejectedLogRecords',
  metrics: 'rejectedDataPoints',
}

/** An export as it came. */
interface Export {
  readonly signal: Signal
  readonly form: Form
  /** Unpacked. */
  readonly bytes: Buffer
  readonly headers: RequestHeaders
}

/** What its sender is told of an export that was taken. */
interface Taken {
  /** Spans, points or entries that were not. */
  readonly rejected: number
  /** `''` where all is well. */
  readonly message: string
}

export class OtlpReceiver {
  readonly #intake: Intake
  readonly #items: ItemReader

  constructor(
    private readonly options: OtlpReceiverOptions,
    context: IntakeContext,
  ) {
    const intake = new Intake(options, context)
    this.#intake = intake
    this.#items = new ItemReader(new Recent(options.max_identities), (identity) => intake.shared(identity))
  }

  /** Throws NotTaken where there is no room for an export: it need not be read. */
  admit(): void {
    this.#intake.admit()
  }

  /** Resolves when its records are passed on, or committed. Throws NotTaken. */
  async take({ signal, form, bytes, headers }: Export): Promise<Taken> {
    const batch = form === 'application/json' || signal === 'metrics' ? null : this.#unread(signal, bytes)
    if (batch !== null) {
      await this.#intake.passBatch(batch, bytes.length)
      return { rejected: 0, message: '' }
    }
    const request = readWithin(bytes, `export of ${signal}`, this.options, () => this.#read(signal, form, bytes))
    const empty = signal === 'metrics' ? emptyMetrics(request as MetricsRequest) : []
    const complaints = await this.#intake.pass(recordsOf(signal, request), bytes.length, headers)
    const warnings = empty.map(({ name }) => `metric '${name.slice(0, 80)}' has no data points`)
    return { rejected: complaints.length, message: complaintsText([...complaints, ...warnings]) }
  }

  /** Items as they came, where all is well and nothing is added to them. */
  #unread(signal: 'traces' | 'logs', bytes: Buffer): ItemBatch | null {
    const { include_metadata, max_request_bytes: max } = this.options
    if (include_metadata.length > 0 || bytes.length > max) return null
    return this.#items.read(signal, bytes, this.options)
  }

  #read<S extends Signal>(signal: S, form: Form, bytes: Buffer): Requests[S] {
    return form === 'application/json'
      ? parseMessage(bytes.utf8Slice(), REQUESTS[signal], this.options)
      : decodeMessage(bytes, REQUESTS[signal], this.options)
  }
}
