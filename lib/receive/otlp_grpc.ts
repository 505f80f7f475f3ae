// Exports of OTLP over gRPC, and their answers (OTLP 1.x, "OTLP/gRPC").

import type { GrpcMethod, GrpcRequest } from '../net/grpc/server.js'
import { encodeMessage } from '../wire/otlp/protobuf.js'
import { ANSWERS, type Signal } from '../wire/otlp/schema.js'
import type { Entrance } from './entrance.js'
import { type OtlpReceiver, REJECTED } from './otlp.js'

const SERVICES: Readonly<{ [S in Signal]: string }> = {
  traces: '/opentelemetry.proto.collector.trace.v1.TraceService/Export',
  logs: '/opentelemetry.proto.collector.logs.v1.LogsService/Export',
  metrics: '/opentelemetry.proto.collector.metrics.v1.MetricsService/Export',
}

/** The methods that take exports, by path. */
export function otlpMethods(receiver: OtlpReceiver, entrance: Entrance): Map<string, GrpcMethod> {
  const signals = Object.keys(SERVICES) as Signal[]
  return new Map(signals.map((signal) => {
    return [SERVICES[signal], (request) => entrance.call(request.size, () => answer(receiver, signal, request))]
  }))
}

async function answer(receiver: OtlpReceiver, signal: Signal, { headers, message: bytes }: GrpcRequest): Promise<Buffer> {
  const { rejected, message } = await receiver.take({ signal, form: 'application/x-protobuf', bytes, headers })
  if (message === '') return Buffer.alloc(0)
  const partialSuccess = { [REJECTED[signal]]: String(rejected), errorMessage: message }
  return encodeMessage({ partialSuccess }, ANSWERS[signal])
}
