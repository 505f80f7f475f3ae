// Exports of OTLP's profiles (v1development), over gRPC and HTTP.

import type { GrpcMethod } from '../net/grpc/server.js'
import type { ServerAnswer, ServerRequest } from '../net/server.js'
import { profileRecords, TooManyBytes } from '../wire/otlp/profiles.js'
import { Intake, type IntakeContext, type RequestHeaders } from './intake.js'
import { NotTaken, readWithin, unpackedBody } from './not_taken.js'
import type { OtlpReceiverOptions } from './otlp.js'
import { refused } from './otlp_http.js'

export const PROFILES_METHOD = '/opentelemetry.proto.collector.profiles.v1development.ProfilesService/Export'
const PROTOBUF = 'application/x-protobuf'

export class ProfilesReceiver {
  readonly #intake: Intake

  constructor(
    private readonly options: OtlpReceiverOptions,
    private readonly context: IntakeContext,
  ) {
    this.#intake = new Intake(options, context)
  }

  /** Answers a call when its profiles are passed on, or committed. */
  readonly call: GrpcMethod = async ({ headers, message, size }) => {
    this.context.account.in_bytes += size
    try {
      this.#intake.admit()
      await this.#take(message, headers)
      return Buffer.alloc(0)
    } catch (error) {
      throw error instanceof NotTaken ? error.grpcError : error
    }
  }

  /** Answers an export when its profiles are passed on, or committed. */
  async answer({ headers, body }: ServerRequest): Promise<ServerAnswer> {
    this.context.account.in_bytes += body.length
    const type = (headers['content-type'] ?? '').split(';', 1)[0].trim().toLowerCase()
    try {
      if (type !== PROTOBUF) {
        throw new NotTaken('unsupported', `content-type '${type.slice(0, 80)}': profiles are taken as ${PROTOBUF}`)
      }
      this.#intake.admit()
      await this.#take(await unpackedBody(body, headers['content-encoding'], this.options.max_request_bytes), headers)
      return { status: 200, headers: { 'content-type': PROTOBUF }, body: Buffer.alloc(0) }
    } catch (error) {
      if (!(error instanceof NotTaken)) throw error
      return refused(error, PROTOBUF)
    }
  }

  async #take(bytes: Buffer, headers: RequestHeaders): Promise<void> {
    const { max_request_bytes: max } = this.options
    const records = readWithin(bytes, 'export of profiles', this.options, () => this.#read(bytes, max))
    if (records === null) {
      const message = `profiles, each with the dictionary, of more than ${max} bytes (--max-request-bytes)`
      throw new NotTaken('too_large', message)
    }
    await this.#intake.pass(records, bytes.length, headers)
  }

  #read(bytes: Buffer, max: number): ReturnType<typeof profileRecords> | null {
    try {
      return profileRecords(bytes, this.options, max)
    } catch (error) {
      if (error instanceof TooManyBytes) return null
      throw error
    }
  }
}
