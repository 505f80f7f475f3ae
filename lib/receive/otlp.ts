// Exports of OTLP to records, however they were sent.

import { parseMessage } from '../wire/otlp/json.js'
import type { MetricsRequest, Requests } from '../wire/otlp/message.js'
import { type Bounds, decodeMessage } from '../wire/otlp/protobuf.js'
import { emptyMetrics, recordsOf } from '../wire/otlp/records.js'
import { REQUESTS, type Signal } from '../wire/otlp/schema.js'
import { complaintsText } from './answer.js'
import { Intake, type IntakeContext, type IntakeOptions, type RequestHeaders } from './intake.js'
import { readWithin } from './not_taken.js'

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

  constructor(
    private readonly options: OtlpReceiverOptions,
    context: IntakeContext,
  ) {
    this.#intake = new Intake(options, context)
  }

  /** Throws NotTaken where there is no room for an export: it need not be read. */
  admit(): void {
    this.#intake.admit()
  }

  /** Resolves when its records are passed on, or committed. Throws NotTaken. */
  async take({ signal, form, bytes, headers }: Export): Promise<Taken> {
    const request = readWithin(bytes, `export of ${signal}`, this.options, () => this.#read(signal, form, bytes))
    const empty = signal === 'metrics' ? emptyMetrics(request as MetricsRequest) : []
    const complaints = await this.#intake.pass(recordsOf(signal, request), bytes.length, headers)
    const warnings = empty.map(({ name }) => `metric '${name.slice(0, 80)}' has no data points`)
    return { rejected: complaints.length, message: complaintsText([...complaints, ...warnings]) }
  }

  #read<S extends Signal>(signal: S, form: Form, bytes: Buffer): Requests[S] {
    return form === 'application/json'
      ? parseMessage(bytes.utf8Slice(), REQUESTS[signal], this.options)
      : decodeMessage(bytes, REQUESTS[signal], this.options)
  }
}
