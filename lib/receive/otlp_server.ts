// A server for OTLP: every address takes gRPC and HTTP.

import type { SourceContext } from '../component.js'
import { GrpcCalls } from '../net/grpc/server.js'
import { Http2Side } from '../net/http2.js'
import { HttpServer, type Route, type ServerRequest, type ServerValues } from '../net/server.js'
import { SIGNALS } from '../wire/otlp/schema.js'
import { OtlpReceiver, type OtlpReceiverOptions } from './otlp.js'
import { otlpMethods } from './otlp_grpc.js'
import { OtlpHttp, type OtlpHttpOptions } from './otlp_http.js'

export type OtlpServerOptions = ServerValues & OtlpHttpOptions & OtlpReceiverOptions & { max_streams: number }

/** Checks everything, opens nothing. Throws the Problems of the options. */
export function otlpServer(options: OtlpServerOptions, context: SourceContext): HttpServer {
  const { account, clock } = context
  const receiver = new OtlpReceiver(options, context)
  const http = new OtlpHttp(receiver, options, account)
  const methods = options.cors_origin.length > 0 ? ['POST', 'OPTIONS'] : ['POST']
  const routes = SIGNALS.map((signal): [string, Route] => {
    return [`/v1/${signal}`, { methods, answer: (request: ServerRequest) => http.answer(request, signal) }]
  })
  const calls = otlpMethods(receiver, account)
  return new HttpServer(options, new Map(routes), context, ({ guard, listener, fail }) => {
    return new Http2Side(options, new GrpcCalls(calls, options, guard, clock, fail), listener)
  })
}
