// A receiver of OTLP over gRPC by grpc-js, with a script.

import { Metadata, Server, ServerCredentials, type ServerUnaryCall, type sendUnaryData } from '@grpc/grpc-js'
import protobuf from 'protobufjs'
import { encoded, type Exported, exportedIn, type ExportSignal } from './otlp.js'

const SERVICES: Readonly<Record<ExportSignal, string>> = {
  traces: 'trace.v1.Trace', logs: 'logs.v1.Logs', metrics: 'metrics.v1.Metrics', profiles: 'profiles.v1development.Profiles',
}

const { root } = protobuf.parse(`
  syntax = "proto3";
  message Rich { int32 code = 1; string message = 2; repeated Any details = 3; }
  message Any { string type_url = 1; bytes value = 2; }
  message RetryInfo { Duration retry_delay = 1; }
  message Duration { int64 seconds = 1; int32 nanos = 2; }`)

const bytesOf = (type: string, message: object) => {
  const found = root.lookupType(type)
  return Buffer.from(found.encode(found.fromObject(message)).finish())
}

export interface GrpcAnswerOf {
  /** 0 if absent. */
  code?: number
  message?: string
  /** Milliseconds of RetryInfo. */
  retryAfter?: number
  partial?: { rejected: number; errorMessage: string }
}

/** And options of grpc-js by their names. */
export interface GrpcOtlpOptions {
  credentials?: ServerCredentials
  port?: number
  [name: string]: unknown
}

export interface GrpcArrival {
  items: Exported[]
  metadata: { [name: string]: unknown }
  code: number
}

export class GrpcOtlp {
  readonly arrivals: GrpcArrival[] = []
  port = 0
  readonly #server: Server

  private constructor(
    private readonly answer: (index: number, items: Exported[]) => GrpcAnswerOf,
    options: object,
  ) {
    this.#server = new Server(options)
    const plain = (bytes: Buffer) => bytes
    for (const [signal, service] of Object.entries(SERVICES)) {
      const path = `/opentelemetry.proto.collector.${service}Service/Export`
      const method = {
        path,
        requestStream: false,
        responseStream: false,
        requestSerialize: plain,
        requestDeserialize: plain,
        responseSerialize: plain,
        responseDeserialize: plain,
      }
      const take = (call: ServerUnaryCall<Buffer, Buffer>, done: sendUnaryData<Buffer>) =>
        this.#take(signal as ExportSignal, call, done)
      this.#server.addService({ Export: method }, { Export: take })
    }
  }

  static async start(
    answer: (index: number, items: Exported[]) => GrpcAnswerOf = () => ({}),
    { credentials = ServerCredentials.createInsecure(), port = 0, ...options }: GrpcOtlpOptions = {},
  ): Promise<GrpcOtlp> {
    const server = new GrpcOtlp(answer, options)
    server.port = await new Promise<number>((resolve, reject) => {
      server.#server.bindAsync(`127.0.0.1:${port}`, credentials, (error, bound) => (error === null ? resolve(bound) : reject(error)))
    })
    return server
  }

  get url(): string {
    return `grpc://127.0.0.1:${this.port}`
  }

  get stored(): Exported[] {
    return this.arrivals.filter(({ code }) => code === 0).flatMap(({ items }) => items)
  }

  stop(): void {
    this.#server.forceShutdown()
  }

  #take(signal: ExportSignal, call: ServerUnaryCall<Buffer, Buffer>, done: sendUnaryData<Buffer>): void {
    const items = exportedIn(signal, call.request)
    const { code = 0, message = '', retryAfter, partial } = this.answer(this.arrivals.length, items)
    this.arrivals.push({ items, metadata: call.metadata.getMap(), code })
    if (code === 0) return done(null, encoded('Answer', partial === undefined ? {} : { partialSuccess: partial }))
    const metadata = new Metadata()
    if (retryAfter !== undefined) {
      const value = bytesOf('RetryInfo', { retryDelay: { seconds: Math.floor(retryAfter / 1000), nanos: (retryAfter % 1000) * 1e6 } })
      const details = [{ typeUrl: 'type.googleapis.com/google.rpc.RetryInfo', value }]
      metadata.add('grpc-status-details-bin', bytesOf('Rich', { code, message, details }))
    }
    done({ code, details: message, metadata })
  }
}
