// receive zipkin: a server for what Zipkin's instrumentations send, to span records.

import { source } from '../../lib/component.js'
import { throwAll } from '../../lib/diag/problem.js'
import { READER_OPTIONS } from '../../lib/io/options.js'
import type { Route, ServerRequest } from '../../lib/net/server.js'
import { serverOptions } from '../../lib/net/server_options.js'
import { ACK_OPTIONS, ackProblems } from '../../lib/receive/ack_options.js'

const since = '0.1.0'
const BOUNDS = { since, group: 'Bounds' } as const

export default source({
  name: 'receive zipkin',
  summary: "take spans that Zipkin's instrumentations send",
  description: `
    A server for Zipkin's API: /api/v2/spans takes JSON and protobuf, /api/v1/spans JSON, each also with gzip or deflate;
    thrift is not taken. /health tells that the server listens. Spans become records as the OpenTelemetry Collector
    translates them.

    The name of localEndpoint is the resource's service.name, and tags that the semantic conventions know as attributes
    of a resource (host.name, k8s.pod.name, telemetry.sdk.name …) are that; addresses are net.host.ip and net.host.port.
    remoteEndpoint is peer.service, net.peer.ip and net.peer.port. All other tags are attributes, and annotations events,
    those in OpenTelemetry's form with their attributes. otel.status_code, otel.status_description, w3c.tracestate,
    otlp.link.N, otel.scope.name and span.kind=internal become again what they were before an exporter made tags of them.
    A tag error is an error, with its text as the message, but for error=false.

    Trace ids of 64 bits get zeros in front. Spans of a client and a server that share an id stay two spans, of which the
    server's has zipkin.shared; zipkin.debug is the other flag, and otel.zipkin.absentField.startTime says that a span
    told no time. 'write zipkin' makes of all this what it was. In v1 the kind, missing times and the service are those of
    the annotations cs, cr, sr, ss, ms and mr, and sa, ca and ma name the other side.

    A post is answered with 202 when its spans are passed on; a reader that is slow makes senders wait. With --ack durable
    it is answered when the sink of the pipe has stored them and committed that in --state, which is the same folder for
    both; without a commit within --ack-timeout it is 503 and Retry-After. Spans that are none, such as those with an id of
    zeros, are left out, and the answer says so; a body that is no list of spans is 400, one over a bound 413.`,
  since,
  accepts: [],
  emits: ['span', 'checkpoint'],
  guarantee: `An answer of 202 says that the spans were passed on, not that they were stored: what stands in the pipe
    when it breaks is lost. With --ack durable it says that the sink has stored them: a sender that repeats what was not
    answered loses nothing. Spans may arrive twice either way. Rejected is 'bad_span'.`,
  args: [],
  options: {
    ...serverOptions('127.0.0.1:9411'),
    ...ACK_OPTIONS,
    max_request_bytes: { ...BOUNDS, type: 'bytes', default: '64MiB', help: 'largest post after decompression' },
    max_elements: {
      ...BOUNDS, type: 'int', default: 1_000_000, min: 1,
      help: 'most spans in a post; in protobuf most spans, endpoints, annotations and tags',
    },
    max_depth: READER_OPTIONS.max_depth,
    max_identities: {
      ...BOUNDS, type: 'int', default: 100_000, min: 1, help: 'services with their resources that are remembered',
    },
  },
  async check({ options }) {
    const { serverProblems } = await import('../../lib/net/server_check.js')
    throwAll([...ackProblems(options), ...serverProblems(options)])
  },
  examples: [
    {
      command: 'solder receive zipkin | solder view',
      about: 'look at what comes to http://127.0.0.1:9411/api/v2/spans',
      needs: 'a sender',
    },
    {
      command: 'solder receive zipkin --listen :9411 | solder write otlp http://127.0.0.1:4318',
      about: 'what still speaks Zipkin goes to a backend of OpenTelemetry',
      needs: 'senders and a receiver',
    },
  ],
  async run({ options }, context) {
    const { acksOf } = await import('../../lib/receive/acks.js')
    const { ZipkinReceiver } = await import('../../lib/receive/zipkin.js')
    const { serveRequests } = await import('../../lib/receive/serve_requests.js')
    const acks = acksOf(`receive.zipkin/${options.listen}`, options, context)
    const receiver = new ZipkinReceiver({ ...options, acks }, context)
    const post = (version: 1 | 2): Route => {
      return { methods: ['POST'], answer: (request: ServerRequest) => receiver.answer(request, version) }
    }
    const health: Route = { methods: ['GET', 'HEAD'], open: true, answer: async () => ({ status: 200, text: 'UP' }) }
    const routes = new Map([['/api/v2/spans', post(2)], ['/api/v1/spans', post(1)], ['/health', health]])
    await serveRequests(options, routes, acks, context, ackProblems(options), '/api/v2/spans')
  },
})
