// write otlp: spans, log entries, data points and profiles to a receiver of OTLP.

import { TO_OTLP_OPTIONS } from '../../lib/bridge/prometheus_otlp/options.js'
import { sink } from '../../lib/component.js'
import { deliveryOptions } from '../../lib/delivery/options.js'
import { CLIENT_OPTIONS } from '../../lib/net/options.js'

const since = '0.1.0'
const group = 'What is sent'
const SPAN =
  '{"type":"span","resource":{"service.name":"shop"},"ts":"1763804400123456789","end":"1763804400223456789",' +
  '"trace_id":"4bf92f3577b34da6a3ce929d0e0e4736","span_id":"00f067aa0ba902b7","name":"GET /","kind":"server"}'

export default sink({
  name: 'write otlp',
  summary: 'send spans, logs, metrics and profiles by OTLP',
  description: `
    Sends spans, log entries, metrics and profiles to a receiver of OTLP, such as Tempo, Mimir, Loki, Prometheus, Pyroscope
    or another collector: over HTTP to the URL with /v1/traces, /v1/logs, /v1/metrics and /v1development/profiles added to
    it, or where --traces-url, --logs-url, --metrics-url and --profiles-url say, as they are; over gRPC to a URL of grpc, or
    grpcs for TLS. What came by OTLP goes out as the same messages; solder-records(7) says what their fields are in records.
    Metrics of Prometheus are translated as 'derive otlp' does it. Labels of a log entry or a profile go as its attributes.
    What stages have put into 'extracted', and labels that begin with two underscores, are left out.

    Profiles are a signal under development: they are sent as version 1.10 of opentelemetry-proto has them, those of an
    export with one dictionary for all. Profiles of other formats than 'otlp' cannot be sent.

    An export holds records of one kind, each resource, scope, metric and entry of the dictionary once. It goes when it has --batch-records, or
    --batch-bytes, or is --batch-wait old. Exports are spread over --concurrency lanes, logs and metrics by what they are of, so
    that entries of a stream and points of a series arrive in order. How many are under way at once is found by how the
    receiver answers, as in 'write prometheus'.

    A receiver that cannot be reached, or answers 429, 502, 503 or 504, is asked again, with growing waits or when
    Retry-After says; over gRPC that is CANCELLED, DEADLINE_EXCEEDED, ABORTED, OUT_OF_RANGE, UNAVAILABLE and DATA_LOSS, and
    RESOURCE_EXHAUSTED where RetryInfo says when. Up to --buffer-bytes are held meanwhile, then the input waits. With
    --state exports are stored in DIR/spool before they are sent, up to --spool-bytes for each receiver, and stay there
    until they are answered, over restarts and kills. An export that is too large (413) is sent in halves, and these in
    halves, 256 times at most. Any other answer is final, as the specification wants it: the records of that export are
    rejected, with the receiver's words, and go to --dead-letter. A receiver that takes an export in part does not say
    which part: its records go to --dead-letter, all of them.

    Several URLs get all records, each from its own buffer or spool; one that fails costs the others nothing.

    What is held is always protobuf. With --encoding json it is turned into JSON when it is sent, which costs more. Proxies and
    redirects are for HTTP.`,
  since,
  accepts: ['span', 'log', 'metric', 'profile', 'metadata'],
  emits: [],
  guarantee: `Every record is stored, or rejected and counted. What is held is lost when the process is killed; what is not
    delivered within --drain-timeout after the end of input is dropped, counted under 'shutdown', and the exit code is 75.
    With --state it stays on disk; the exit code is 75 at the end of input, and 0 where a stop was asked for. After a lost
    answer or a kill an export is sent again, so that records may arrive twice. In the account each further URL makes a
    copy of every record ('made'), and so does what an earlier run left; bytes out are those of stored exports, as they
    were sent. Dropped at the bounds is 'buffer_full', 'spool_full' and 'spool_age', with damaged files 'spool_torn' and
    'spool_corrupt', and other record types are 'unsupported_type'. What 'derive otlp' counts is counted here. Rejected are records that OTLP cannot tell ('not_otlp'),
    what the receiver refuses ('refused'), and what it leaves out of an export that it takes ('partly_refused').`,
  args: [{ name: 'URL', help: 'a receiver, e.g. http://127.0.0.1:4318 or grpc://127.0.0.1:4317', required: true, variadic: true }],
  options: {
    traces_url: { type: 'url', help: 'where spans go, as it is', since, group },
    metrics_url: { type: 'url', help: 'where metrics go, as it is', since, group },
    logs_url: { type: 'url', help: 'where log entries go, as it is', since, group },
    profiles_url: { type: 'url', help: 'where profiles go, as it is', since, group },
    encoding: {
      type: 'enum',
      values: ['protobuf', 'json'],
      default: 'protobuf',
      help: 'protobuf, or OTLP/JSON',
      since,
      group,
    },
    compression: { type: 'enum', values: ['gzip', 'none'], default: 'gzip', help: 'how exports are packed', since, group },
    tenant: { type: 'string', value: 'ID', help: 'tenant, sent as X-Scope-OrgID', since, group },
    batch_records: { type: 'int', default: 8192, min: 1, help: 'most records in an export', since, group: 'Delivery' },
    ...TO_OTLP_OPTIONS,
    ...deliveryOptions({ batch_wait: '200ms', batch_bytes: '2MiB' }),
    ...CLIENT_OPTIONS,
  },
  async check({ args, options }) {
    const { closeAll, prepareOtlp } = await import('../../lib/delivery/otlp_receivers.js')
    await closeAll(await prepareOtlp(args, options))
  },
  async connect({ args, options }) {
    const { probeOtlp } = await import('../../lib/delivery/otlp_receivers.js')
    return probeOtlp(args, options)
  },
  examples: [
    {
      command: `printf '%s\\n' '${SPAN}' | solder write otlp http://127.0.0.1:4318`,
      about: 'send a span',
      needs: 'a receiver',
    },
    {
      command:
        `solder receive otlp --listen :4318 | solder filter 'resource["service.name"] != "health"'` +
        ' | solder write otlp --state /var/lib/solder/traces http://tempo.example:4318',
      about: 'pass on what SDKs send, but for the spans of one service, over outages of the receiver',
      needs: 'senders and a receiver',
    },
    {
      command: 'solder scrape host | solder write otlp grpcs://collector.example --bearer env:TOKEN',
      about: 'send the metrics of a machine as OpenTelemetry has them, over gRPC with TLS',
      needs: 'a receiver',
    },
    {
      command: `solder receive otlp | solder write otlp http://tempo.example:4318 --logs-url http://loki.example:3100/otlp/v1/logs`,
      about: 'send logs to another place than traces and metrics',
      needs: 'senders and receivers',
    },
  ],
  async create({ args, options }, context) {
    const { openOtlp, prepareOtlp } = await import('../../lib/delivery/otlp_receivers.js')
    return openOtlp(await prepareOtlp(args, options), options, context)
  },
})
