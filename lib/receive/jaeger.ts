// Batches of Jaeger's clients, over gRPC and as thrift over HTTP, to span records.

import type { GrpcMethod } from '../net/grpc/server.js'
import type { ServerAnswer, ServerRequest } from '../net/server.js'
import type { JaegerBatch } from '../wire/jaeger/model.js'
import { readPostSpans } from '../wire/jaeger/protobuf.js'
import { recordsOfBatch } from '../wire/jaeger/records.js'
import { readThriftBatch } from '../wire/jaeger/thrift.js'
import type { Bounds } from '../wire/otlp/protobuf.js'
import { complaintsText } from './answer.js'
import { Intake, type IntakeContext, type IntakeOptions, type RequestHeaders } from './intake.js'
import { NotTaken, readWithin, unpackedBody } from './not_taken.js'

export interface JaegerOptions extends IntakeOptions, Bounds {
  /** Largest batch after decompression. */
  max_request_bytes: number
}

export const POST_SPANS = '/jaeger.api_v2.CollectorService/PostSpans'
const THRIFT = ['application/x-thrift', 'application/vnd.apache.thrift.binary']

type Read = (bytes: Buffer, bounds: Bounds) => JaegerBatch

export class JaegerReceiver {
  readonly #intake: Intake

  constructor(
    private readonly options: JaegerOptions,
    private readonly context: IntakeContext,
  ) {
    this.#intake = new Intake(options, context)
  }

  /** Answers a call of PostSpans when its spans are passed on, or committed. */
  readonly call: GrpcMethod = async ({ headers, message, size }) => {
    this.context.account.in_bytes += size
    try {
      this.#intake.admit()
      await this.#take(message, readPostSpans, headers)
      return Buffer.alloc(0)
    } catch (error) {
      throw error instanceof NotTaken ? error.grpcError : error
    }
  }

  /** Answers a post of thrift when its spans are passed on, or committed. */
  async answer({ headers, body }: ServerRequest): Promise<ServerAnswer> {
    this.context.account.in_bytes += body.length
    const type = (headers['content-type'] ?? '').split(';', 1)[0].trim().toLowerCase()
    try {
      if (!THRIFT.includes(type)) {
        throw new NotTaken('unsupported', `content-type '${type.slice(0, 80)}': expected ${THRIFT.join(' or ')}`)
      }
      this.#intake.admit()
      const bytes = await unpackedBody(body, headers['content-encoding'], this.options.max_request_bytes)
      const complaints = await this.#take(bytes, readThriftBatch, headers)
      return { status: 202, ...(complaints.length > 0 && { text: `left out: ${complaintsText(complaints)}` }) }
    } catch (error) {
      if (!(error instanceof NotTaken)) throw error
      return { status: error.httpStatus, headers: error.httpHeaders, text: error.message }
    }
  }

  #take(bytes: Buffer, read: Read, headers: RequestHeaders): Promise<string[]> {
    const records = readWithin(bytes, 'batch of spans', this.options, () => recordsOfBatch(read(bytes, this.options)))
    return this.#intake.pass(records, bytes.length, headers)
  }
}
