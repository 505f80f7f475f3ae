// Exports of OTLP's profiles (v1development), over gRPC and HTTP.

import type { GrpcMethod } from '../net/grpc/server.js'
import type { ServerAnswer, ServerRequest } from '../net/server.js'
import { profileRecords, TooManyBytes } from '../wire/otlp/profiles.js'
import { Entrance } from './entrance.js'
import { Intake, type IntakeContext, type RequestHeaders } from './intake.js'
import { NotTaken, readWithin } from './not_taken.js'
import type { OtlpReceiverOptions } from './otlp.js'
import { refused } from './otlp_http.js'

export const PROFILES_METHOD = '/opentelemetry.proto.collector.profiles.v1development.ProfilesService/Export'
const PROTOBUF = 'application/x-protobuf'

export class ProfilesReceiver {
  readonly #intake: Intake
  readonly #entrance: Entrance

  constructor(
    private readonly options: OtlpReceiverOptions,
    context: IntakeContext,
  ) {
    this.#intake = new Intake(options, context)
    this.#entrance = new Entrance(context.account, this.#intake, options)
  }

  /** Answers a call when its profiles are passed on, or committed. */
  readonly call: GrpcMethod = ({ headers, message, size }) => {
    return this.#entrance.call(size, async () => {
      await this.#take(message, headers)
      return Buffer.alloc(0)
    })
  }

  /** Answers an export when its profiles are passed on, or committed. */
  answer(request: ServerRequest): Promise<ServerAnswer> {
    const take = async (bytes: Buffer) => {
      await this.#take(bytes, request.headers)
      return { status: 200, headers: { 'content-type': PROTOBUF }, body: Buffer.alloc(0) }
    }
    return this.#entrance.post(request, [PROTOBUF], take, refused)
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
