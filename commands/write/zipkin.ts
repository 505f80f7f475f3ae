// write zipkin: span records to Zipkin.

import { sink } from '../../lib/component.js'
import { deliveryOptions } from '../../lib/delivery/options.js'
import { CLIENT_OPTIONS } from '../../lib/net/options.js'

const since = '0.1.0'
const group = 'What is sent'
const SPAN =
  '{"type":"span","resource":{"service.name":"shop"},"ts":"1763804400123456000","end":"1763804400223456000",' +
  '"trace_id":"4bf92f3577b34da6a3ce929d0e0e4736","span_id":"00f067aa0ba902b7","name":"GET /","kind":"server"}'

export default sink({
  name: 'write zipkin',
  summary: 'send spans to Zipkin, or to what takes its v2 API',
  description: `
    Sends spans as JSON to Zipkin's v2 API, as OpenTelemetry's specification says how they become Zipkin's: service.name of
    the resource is the name of localEndpoint, all other attributes of resource, scope and span are tags, as text; events
    are annotations, with their attributes as JSON; an error is otel.status_code=ERROR and the tag error. Times are rounded
    to microseconds. Links, trace state, dropped counts and the kind internal are tags as well, so that 'receive zipkin'
    makes of all but the types of attributes what it was; what came from Zipkin goes as it came. remoteEndpoint is
    peer.service, net.peer.ip and net.peer.port, for clients and producers without a peer.service what else names the
    other side, such as server.address. A URL without a path is that of Zipkin: /api/v2/spans is added.

    A post goes when it has --batch-spans, or --batch-bytes, or is --batch-wait old. Up to --concurrency posts are under
    way at once; how many is found by how Zipkin answers, as in 'write prometheus'.

    Zipkin that cannot be reached, or answers 5xx or 429, is asked again, with growing waits or when Retry-After says; up to
    --buffer-bytes are held meanwhile, then the input waits. With --state posts are stored in DIR/spool before they are sent,
    up to --spool-bytes for each Zipkin, and stay there until they are answered, over restarts and kills. A post that is too
    large (413) is sent in halves, and these in halves, 256 times at most. Any other answer than 2xx is final: the spans of
    that post are rejected, with Zipkin's words, and go to --dead-letter as 'receive zipkin' would read them.

    Several URLs get all spans, each from its own buffer or spool; one that fails costs the others nothing.`,
  since,
  accepts: ['span'],
  emits: [],
  guarantee: `Every span is stored, or rejected and counted. What is held is lost when the process is killed; what is not
    delivered within --drain-timeout after the end of input is dropped, counted under 'shutdown', and the exit code is 75.
    With --state it stays on disk; the exit code is 75 at the end of input, and 0 where a stop was asked for. After a lost
    answer or a kill a post is sent again, so that spans may arrive twice, which Zipkin merges. In the account each further
    URL makes a copy of every record ('made'), and so does what an earlier run left. Dropped at the bounds is
    'buffer_full', 'spool_full' and 'spool_age', with damaged files 'spool_torn' and 'spool_corrupt', and other record types
    are 'unsupported_type'. Rejected are records that are no spans with valid ids and times ('not_zipkin'), and what Zipkin
    refuses ('refused').`,
  args: [{ name: 'URL', help: 'a Zipkin, e.g. http://127.0.0.1:9411', required: true, variadic: true }],
  options: {
    compression: { type: 'enum', values: ['gzip', 'none'], default: 'gzip', help: 'how posts are packed', since, group },
    tenant: { type: 'string', value: 'ID', help: 'tenant, sent as X-Scope-OrgID', since, group },
    batch_spans: { type: 'int', default: 8192, min: 1, help: 'most spans in a post', since, group: 'Delivery' },
    ...deliveryOptions({ batch_wait: '1s', batch_bytes: '1MiB' }),
    ...CLIENT_OPTIONS,
  },
  async check({ args, options }) {
    const { prepareZipkins } = await import('../../lib/delivery/zipkin_receivers.js')
    const { closeAll } = await import('../../lib/delivery/destinations.js')
    await closeAll(await prepareZipkins(args, options))
  },
  async connect({ args, options }) {
    const { probeZipkins } = await import('../../lib/delivery/zipkin_receivers.js')
    return probeZipkins(args, options)
  },
  examples: [
    {
      command: `printf '%s\\n' '${SPAN}' | solder write zipkin http://127.0.0.1:9411`,
      about: 'send a span',
      needs: 'a Zipkin',
    },
    {
      command: 'solder receive otlp | solder write zipkin --state /var/lib/solder/zipkin http://zipkin.example:9411',
      about: "what OpenTelemetry's SDKs send goes to Zipkin, over its outages",
      needs: 'senders and a Zipkin',
    },
  ],
  async create({ args, options }, context) {
    const { openZipkins, prepareZipkins } = await import('../../lib/delivery/zipkin_receivers.js')
    return openZipkins(args, await prepareZipkins(args, options), options, context)
  },
})
