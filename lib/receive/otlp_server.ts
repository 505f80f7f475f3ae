// A server for OTLP.

import type { SourceContext } from '../component.js'
import type { GrpcOptions } from '../net/grpc/server.js'
import type { HttpServer, Route, ServerRequest, ServerValues } from '../net/server.js'
import { PATHS } from '../wire/otlp/endpoints.js'
import { SIGNALS } from '../wire/otlp/schema.js'
import { Entrance } from './entrance.js'
import { grpcServer } from './grpc_server.js'
import { OtlpReceiver, type OtlpReceiverOptions } from './otlp.js'
import { otlpMethods } from './otlp_grpc.js'
import { OtlpHttp, type OtlpHttpOptions } from './otlp_http.js'

type OtlpServerOptions = ServerValues & GrpcOptions & OtlpHttpOptions & OtlpReceiverOptions & { max_streams: number }

/** Checks everything, opens nothing. Throws the Problems of the options. */
export function otlpServer(options: OtlpServerOptions, context: SourceContext): HttpServer {
  const receiver = new OtlpReceiver(options, context)
  const entrance = new Entrance(context.account, receiver, options)
  const http = new OtlpHttp(receiver, entrance, options)
  const methods = options.cors_origin.length > 0 ? ['POST', 'OPTIONS'] : ['POST']
  const routes = SIGNALS.map((signal): [string, Route] => {
    return [PATHS[signal], { methods, answer: (request: ServerRequest) => http.answer(request, signal) }]
  })
  return grpcServer(options, new Map(routes), otlpMethods(receiver, entrance), context)
}
