// Exports of OTLP over gRPC, and their answers (OTLP 1.x, "OTLP/gRPC").

import type { GrpcMethod, GrpcRequest } from '../net/grpc/server.js'
import { METHODS, REJECTED } from '../wire/otlp/endpoints.js'
import { encodeMessage } from '../wire/otlp/protobuf.js'
import { ANSWERS, type Signal, SIGNALS } from '../wire/otlp/schema.js'
import type { Entrance } from './entrance.js'
import type { OtlpReceiver } from './otlp.js'

/** The methods that take exports, by path. */
export function otlpMethods(receiver: OtlpReceiver, entrance: Entrance): Map<string, GrpcMethod> {
  return new Map(SIGNALS.map((signal) => {
    return [METHODS[signal], (request) => entrance.call(request.size, () => answer(receiver, signal, request))]
  }))
}

async function answer(
  receiver: OtlpReceiver, signal: Signal, { headers, message: bytes }: GrpcRequest,
): Promise<Buffer> {
  const { rejected, message } = await receiver.take({ signal, form: 'application/x-protobuf', bytes, headers })
  if (message === '') return Buffer.alloc(0)
  const partialSuccess = { [REJECTED[signal]]: String(rejected), errorMessage: message }
  return encodeMessage({ partialSuccess }, ANSWERS[signal])
}
