// Batches of Jaeger's clients, over gRPC and as thrift over HTTP, to span records.

import type { GrpcMethod } from '../net/grpc/server.js'
import type { ServerAnswer, ServerRequest } from '../net/server.js'
import type { JaegerBatch } from '../wire/jaeger/model.js'
import { readPostSpans } from '../wire/jaeger/protobuf.js'
import { recordsOfBatch } from '../wire/jaeger/records.js'
import { readThriftBatch } from '../wire/jaeger/thrift.js'
import type { Bounds } from '../wire/otlp/protobuf.js'
import { complaintsText } from './answer.js'
import { Entrance } from './entrance.js'
import { Intake, type IntakeContext, type IntakeOptions, type RequestHeaders } from './intake.js'
import { readWithin } from './not_taken.js'

export interface JaegerOptions extends IntakeOptions, Bounds {
  /** Largest batch after decompression. */
  max_request_bytes: number
}

export const POST_SPANS = '/jaeger.api_v2.CollectorService/PostSpans'
const THRIFT = ['application/x-thrift', 'application/vnd.apache.thrift.binary']

type Read = (bytes: Buffer, bounds: Bounds) => JaegerBatch

export class JaegerReceiver {
  readonly #intake: Intake
  readonly #entrance: Entrance

  constructor(
    private readonly options: JaegerOptions,
    context: IntakeContext,
  ) {
    this.#intake = new Intake(options, context)
    this.#entrance = new Entrance(context.account, this.#intake, options)
  }

  /** Answers a call of PostSpans when its spans are passed on, or committed. */
  readonly call: GrpcMethod = ({ headers, message, size }) => {
    return this.#entrance.call(size, async () => {
      await this.#take(message, readPostSpans, headers)
      return Buffer.alloc(0)
    })
  }

  /** Answers a post of thrift when its spans are passed on, or committed. */
  answer(request: ServerRequest): Promise<ServerAnswer> {
    return this.#entrance.post(request, THRIFT, async (bytes) => {
      const complaints = await this.#take(bytes, readThriftBatch, request.headers)
      return { status: 202, ...(complaints.length > 0 && { text: `left out: ${complaintsText(complaints)}` }) }
    })
  }

  #take(bytes: Buffer, read: Read, headers: RequestHeaders): Promise<string[]> {
    const records = readWithin(bytes, 'batch of spans', this.options, () => recordsOfBatch(read(bytes, this.options)))
    return this.#intake.pass(records, bytes.length, headers)
  }
}
