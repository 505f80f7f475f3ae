// receive jaeger: a server for Jaeger's clients over gRPC and HTTP, to records.

import { source } from '../../lib/component.js'
import { type Problem, throwAll } from '../../lib/diag/problem.js'
import { ackProblems } from '../../lib/receive/ack_options.js'
import { grpcServerOptions, metadataProblems } from '../../lib/receive/grpc_options.js'

const since = '0.1.0'
const bound = { since, group: 'Bounds', type: 'int', min: 1 } as const

export default source({
  name: 'receive jaeger',
  summary: "take traces that Jaeger's clients and agents send",
  description: `
    A collector of Jaeger: PostSpans over gRPC, and batches in thrift's binary protocol posted to /api/traces, packed
    with gzip, deflate, zstd or, over HTTP, br. Both are served at every address of --listen, by default at the ports
    that Jaeger has for either. Thrift over UDP, which agents take, is not.

    Spans become records as the OpenTelemetry Collector translates them. The service and the tags of the process are
    the resource; 'hostname' is then called 'host.name'. Tags are attributes, logs are events, whose name is the field
    'event'. The parent is the reference that says so, other references are links with the attribute
    'opentracing.ref_type'. The tags 'span.kind', 'error', 'otel.status_code', 'otel.status_description',
    'otel.scope.name', 'otel.scope.version' and 'w3c.tracestate' become the fields of the record; where nothing else
    tells the status, 'http.status_code' does.

    A request is answered when its records are passed on: 202 over HTTP. A reader that is slow makes senders wait, as
    many as --max-waiting-bytes lets, and tells further ones to come again. --ack durable is as in 'receive otlp', and
    so are bounds, the statuses of what is not taken, and --include-metadata. Spans whose ids are none are left out.

    Listens on this machine only, unless --listen says otherwise. When asked to stop it takes no more connections,
    answers what is under way, and ends.`,
  since,
  accepts: [],
  emits: ['span', 'checkpoint'],
  guarantee: `An answer of 202 or OK says that the records were passed on, not that they were stored: what stands in
    the pipe when it breaks is lost. With --ack durable it says that the sink has stored them. Spans may
    arrive twice either way, and Jaeger's own clients do not repeat what was refused. Rejected is
    'invalid_id'.`,
  args: [],
  options: {
    ...grpcServerOptions(['127.0.0.1:14250', '127.0.0.1:14268']),
    max_elements: { ...bound, default: 1_000_000, help: 'most spans, tags, logs and references in a request' },
    max_depth: { ...bound, default: 64, max: 200, help: 'levels of messages in one another' },
    max_identities: {
      ...bound,
      default: 500_000,
      help: 'processes and scopes remembered; those unseen for longest are forgotten first',
    },
  },
  async check({ options }) {
    const { serverProblems } = await import('../../lib/net/server_check.js')
    throwAll([...contradictions(options), ...serverProblems(options)])
  },
  examples: [
    {
      command: 'solder receive jaeger | solder view',
      about: 'look at what a client sends whose JAEGER_ENDPOINT is http://127.0.0.1:14268/api/traces',
      needs: 'a sender',
    },
    {
      command: 'solder receive jaeger --listen :14250 --listen :14268 | solder write otlp http://tempo:4318',
      about: 'let old clients send to a backend that takes OTLP',
      needs: 'a sender and a receiver',
    },
  ],
  async run({ options }, context) {
    const problems = contradictions(options)
    const { grpcServer } = await import('../../lib/receive/grpc_server.js')
    const { JaegerReceiver, POST_SPANS } = await import('../../lib/receive/jaeger.js')
    const { acksOf } = await import('../../lib/receive/acks.js')
    const { serveWith } = await import('../../lib/receive/serve_requests.js')
    const acks = acksOf(`receive.jaeger/${options.listen.join(',')}`, options, context)
    const receiver = new JaegerReceiver({ ...options, acks }, context)
    const routes = new Map([['/api/traces', { methods: ['POST'], answer: receiver.answer.bind(receiver) }]])
    const methods = new Map([[POST_SPANS, receiver.call]])
    await serveWith(() => grpcServer(options, routes, methods, context), acks, context, problems, '/api/traces')
  },
})

interface Typed {
  ack: string
  state: string | undefined
  include_metadata: readonly string[]
}

function contradictions(options: Typed): Problem[] {
  return [...ackProblems(options), ...metadataProblems(options.include_metadata)]
}
