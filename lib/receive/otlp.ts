// Exports of OTLP to records, however they were sent.

import type { Record } from '../record/record.js'
import type { ItemBatch } from '../wire/otlp/item_batch.js'
import { ItemReader } from '../wire/otlp/item_reader.js'
import { parseMessage } from '../wire/otlp/json.js'
import type { MetricsRequest, Requests } from '../wire/otlp/message.js'
import { type Bounds, decodeMessage } from '../wire/otlp/protobuf.js'
import { profileRecords } from '../wire/otlp/profiles.js'
import { emptyMetrics, recordsOf } from '../wire/otlp/records.js'
import { REQUESTS, type Signal } from '../wire/otlp/schema.js'
import { complaintsText } from './answer.js'
import { Intake, type IntakeContext, type IntakeOptions, type RequestHeaders } from './intake.js'
import { NotTaken, readWithin } from './not_taken.js'
import { Recent } from './recent.js'

export interface OtlpReceiverOptions extends IntakeOptions, Bounds {
  /** Largest export after decompression. */
  max_request_bytes: number
}

/** Bodies and answers are of one form. */
export type Form = 'application/x-protobuf' | 'application/json'

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
  /** Spans, points, entries or profiles that were not. */
  readonly rejected: number
  /** `''` where all is well. */
  readonly message: string
}

/** What an export comes to. */
interface Told {
  readonly records: Record[]
  /** Of items that were not taken, for their sender. */
  readonly wrong: string[]
  readonly warnings: string[]
  /** That it takes while it waits. */
  readonly bytes: number
}

export class OtlpReceiver {
  readonly #intake: Intake
  readonly #walker: ItemReader

  constructor(
    private readonly options: OtlpReceiverOptions,
    private readonly context: IntakeContext,
  ) {
    const intake = new Intake(options, context)
    this.#intake = intake
    this.#walker = new ItemReader(new Recent(options.max_identities), (identity) => intake.shared(identity))
  }

  /** Throws NotTaken where there is no room for an export: it need not be read. */
  admit(): void {
    this.#intake.admit()
  }

  /** Resolves when its records are passed on, or committed. Throws NotTaken. */
  async take({ signal, form, bytes, headers }: Export): Promise<Taken> {
    const walked = signal === 'traces' || signal === 'logs'
    const batch = form === 'application/json' || !walked ? null : this.#unread(signal, bytes)
    if (batch !== null) {
      await this.#intake.passBatch(batch, bytes.length)
      return { rejected: 0, message: '' }
    }
    const told = signal === 'profiles' ? this.#profiles(form, bytes) : this.#items(signal, form, bytes)
    const complaints = [...told.wrong, ...(await this.#intake.pass(told.records, told.bytes, headers))]
    return { rejected: complaints.length, message: complaintsText([...complaints, ...told.warnings]) }
  }

  #items(signal: Exclude<Signal, 'profiles'>, form: Form, bytes: Buffer): Told {
    const request = readWithin(bytes, `export of ${signal}`, this.options, () => this.#read(signal, form, bytes))
    const empty = signal === 'metrics' ? emptyMetrics(request as MetricsRequest) : []
    const warnings = empty.map(({ name }) => `metric '${name.slice(0, 80)}' has no data points`)
    return { records: recordsOf(signal, request), wrong: [], warnings, bytes: bytes.length }
  }

  /** Each with its own part of the dictionary, which all may share: a small export may come to much. */
  #profiles(form: Form, bytes: Buffer): Told {
    const { max_request_bytes: max } = this.options
    const read = () => profileRecords(this.#read('profiles', form, bytes), max)
    const told = readWithin(bytes, 'export of profiles', this.options, read)
    if (told === null) {
      const what = 'profiles, each with its part of the dictionary,'
      throw new NotTaken('too_large', `${what} of more than ${max} bytes (--max-request-bytes)`)
    }
    for (const { record, complaint } of told.wrong) {
      this.context.account.in++
      this.context.reject({ reason: 'invalid_profile', detail: complaint, original: record })
    }
    return { ...told, wrong: told.wrong.map(({ complaint }) => complaint), warnings: [] }
  }

  /** Items as they came, where all is well and nothing is added to them. */
  #unread(signal: 'traces' | 'logs', bytes: Buffer): ItemBatch | null {
    const { include_metadata, max_request_bytes: max } = this.options
    if (include_metadata.length > 0 || bytes.length > max) return null
    return this.#walker.read(signal, bytes, this.options)
  }

  #read<S extends Signal>(signal: S, form: Form, bytes: Buffer): Requests[S] {
    return form === 'application/json'
      ? parseMessage(bytes.utf8Slice(), REQUESTS[signal], this.options)
      : decodeMessage(bytes, REQUESTS[signal], this.options)
  }
}
