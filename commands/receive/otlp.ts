// receive otlp: a server for OTLP over gRPC and HTTP, to records.

import { source } from '../../lib/component.js'
import { Problem, throwAll } from '../../lib/diag/problem.js'
import { ackProblems } from '../../lib/receive/ack_options.js'
import { grpcServerOptions, metadataProblems } from '../../lib/receive/grpc_options.js'

const since = '0.1.0'
const bound = { since, group: 'Bounds', type: 'int', min: 1 } as const

export default source({
  name: 'receive otlp',
  summary: 'take traces, logs, metrics and profiles that OpenTelemetry SDKs and collectors send',
  description: `
    A server for OTLP over gRPC and over HTTP (protobuf and JSON, to /v1/traces, /v1/logs, /v1/metrics and
    /v1development/profiles), packed with gzip, deflate, zstd or, over HTTP, br. Both are served at every address of
    --listen, and HTTP/2 is taken as well as HTTP/1.1, by default at the ports that OTLP names for either. Spans, log
    entries, data points and profiles become records that hold all that the messages say: solder-records(7) tells what
    the fields mean. Of --include-metadata the value of that header, or entry of gRPC's metadata, stands in the records
    of an export as 'resource_meta.metadata'.

    An export is answered when its records are passed on; a reader that is slow makes senders wait, as many as
    --max-waiting-bytes lets, and tells further ones to come again. With --ack durable it is answered when the sink of
    the pipe has stored them: behind the records of each export goes a checkpoint, the sink commits it in --state,
    which is the same folder for both, and the answer waits for that. Without a commit within --ack-timeout, or with
    --max-waiting exports that wait, senders are told to come again: 503 and Retry-After, in gRPC UNAVAILABLE or
    RESOURCE_EXHAUSTED with RetryInfo.

    Spans whose trace id or span id is none (of another length, or all zeros) are left out, the others are taken, and
    the answer says so as a partial success; log entries lose ids that are none. Metrics without data points make no
    records, which is told as well. What is no such message is refused as a whole: 400, in gRPC INVALID_ARGUMENT. What
    is over a bound is 413 or RESOURCE_EXHAUSTED and names the bound, another encoding or form is 415 or
    UNIMPLEMENTED, wrong credentials are 401 or UNAUTHENTICATED. Refusals over HTTP are a Status in the form of the
    export. A call is over with DEADLINE_EXCEEDED when its grpc-timeout is. Bytes that are not UTF-8 become U+FFFD.

    Profiles are a signal under development: they are taken as version 1.10 of opentelemetry-proto has them. A record
    holds one, with that part of its export's dictionary which it refers to; all that an export makes is bounded by
    --max-request-bytes, too. A profile that refers to what is not there is left out, and told as a partial success.
    Exports of earlier versions number their fields in other ways, and are refused, or their profiles left out, where
    that shows.

    Pages of other origins may send where --cors-origin names theirs. Listens on this machine only, unless --listen
    says otherwise. When asked to stop it takes no more connections, answers what is under way, and ends.`,
  since,
  accepts: [],
  emits: ['span', 'log', 'metric', 'profile', 'checkpoint'],
  guarantee: `An answer of 200 or OK says that the records were passed on, not that they were stored: what stands in
    the pipe when it breaks is lost. With --ack durable it says that the sink has stored them: whichever
    stage is killed, a sender that repeats what was not answered loses nothing. Records may arrive twice
    either way. Rejected are 'invalid_id' and 'invalid_profile'.`,
  args: [],
  options: {
    ...grpcServerOptions(['127.0.0.1:4317', '127.0.0.1:4318']),
    cors_origin: {
      type: 'list',
      value: 'ORIGIN',
      help: 'origin whose pages may send, such as https://shop.example; * stands for any characters',
      since,
      group: 'Browsers',
    },
    cors_header: {
      type: 'list',
      value: 'NAME',
      help: 'header that these pages may send besides those of OTLP',
      since,
      group: 'Browsers',
    },
    max_elements: {
      ...bound, default: 1_000_000, help: 'most spans, points, samples, attributes, values and buckets in an export',
    },
    max_depth: {
      ...bound, default: 64, max: 200, help: 'levels of messages in one another; a list in a value takes two',
    },
    max_identities: {
      ...bound,
      default: 500_000,
      help: 'scopes and series remembered; those unseen for longest are forgotten first',
    },
  },
  async check({ options }) {
    const { serverProblems } = await import('../../lib/net/server_check.js')
    throwAll([...contradictions(options), ...serverProblems(options)])
  },
  examples: [
    {
      command: 'solder receive otlp | solder view',
      about: 'look at what an SDK of this machine sends, whichever protocol it has',
      needs: 'a sender',
    },
    {
      command:
        'solder receive otlp --listen :4318 --ack durable --state state' +
        ` | solder filter 'type != "span" || resource["service.name"] != "health"'` +
        ' | solder write file spans/ --state state',
      about: 'keep all but the spans of one service in files, and answer senders when they are there',
      needs: 'a sender',
    },
  ],
  async run({ options }, context) {
    const problems = contradictions(options)
    const { otlpServer } = await import('../../lib/receive/otlp_server.js')
    const { acksOf } = await import('../../lib/receive/acks.js')
    const { serveWith } = await import('../../lib/receive/serve_requests.js')
    const acks = acksOf(`receive.otlp/${options.listen.join(',')}`, options, context)
    await serveWith(() => otlpServer({ ...options, acks }, context), acks, context, problems, '/v1/')
  },
})

interface Typed {
  ack: string
  state: string | undefined
  cors_origin: readonly string[]
  cors_header: readonly string[]
  include_metadata: readonly string[]
}

function contradictions(options: Typed): Problem[] {
  const problems = [...ackProblems(options), ...metadataProblems(options.include_metadata)]
  for (const origin of options.cors_origin) {
    if (!/^(\*|[a-z][a-z\d+.*-]*:\/\/[^\s/]+)$/i.test(origin))
      problems.push(new Problem(`--cors-origin: '${origin}' is not valid`, { expected: 'SCHEME://HOST[:PORT]' }))
  }
  if (options.cors_header.length > 0 && options.cors_origin.length === 0)
    problems.push(new Problem('--cors-header is for --cors-origin', { hint: 'name the origins' }))
  return problems
}
