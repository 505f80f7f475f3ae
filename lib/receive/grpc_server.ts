// A server that takes gRPC and HTTP at every address.

import type { SourceContext } from '../component.js'
import { GrpcCalls, type GrpcMethod, type GrpcOptions } from '../net/grpc/server.js'
import { Http2Side } from '../net/http2.js'
import { HttpServer, type Route, type ServerValues } from '../net/server.js'

/**
 * Checks everything, opens nothing. Throws the Problems of the options.
 *
 * @param routes of HTTP, by path
 * @param methods of gRPC, by path
 */
export function grpcServer(
  options: ServerValues & GrpcOptions & { max_streams: number },
  routes: ReadonlyMap<string, Route>,
  methods: ReadonlyMap<string, GrpcMethod>,
  context: Pick<SourceContext, 'clock' | 'log' | 'signal'>,
): HttpServer {
  return new HttpServer(options, routes, context, ({ guard, listener, fail }) => {
    return new Http2Side(options, new GrpcCalls(methods, options, guard, context.clock, fail), listener)
  })
}
