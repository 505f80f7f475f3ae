// write loki: log records to Loki's push API.

import { sink } from '../../lib/component.js'
import { deliveryOptions } from '../../lib/delivery/options.js'
import { CLIENT_OPTIONS } from '../../lib/net/options.js'

const since = '0.1.0'
const group = 'What is sent'
const LINE = '{"type":"log","labels":{"app":"shop"},"ts":"1763804400123456789","body":"paid","attributes":{"order":"42"}}'

export default sink({
  name: 'write loki',
  summary: 'send log entries to Loki',
  description: `
    Sends log records to Loki's push API: the labels name the stream, attributes are structured metadata, text or the
    JSON of what is no text. trace_id, span_id and severity go as structured metadata, too, under the names that
    Loki's own OTLP endpoint gives them (severity as severity_text). A body that is no text is sent as JSON. Labels
    that begin with two underscores, empty labels and what stages have put into 'extracted' are left out. The label
    __tenant_id__ names the tenant of a record (X-Scope-OrgID), --tenant that of all others. A --label never replaces
    a label that is there. A URL without a path is that of Loki: /loki/api/v1/push is added.

    An entry of OpenTelemetry, which has a resource or a scope, is sent as Loki's own OTLP endpoint stores it: the
    attributes of the resource in Loki's default list (service.name, k8s.namespace.name, cloud.region …) and those of
    --resource-label are labels, service_name is unknown_service where the resource names no service; the rest of the
    resource, the scope, the attributes, observed_timestamp, severity_number, severity_text, flags and the like are
    structured metadata. Names become letters, digits and underscores, maps a name for each of their keys. Labels that
    the record has go before those.

    A push holds entries of one tenant, each stream once. It goes when it has --batch-bytes or --max-streams streams,
    or is --batch-wait old. Streams are spread over --concurrency pushes by their labels, and of those that go one
    after another none overtakes: the order of each stream is kept. How many are under way at once is found by how
    Loki answers, as in 'write prometheus'.

    Loki that cannot be reached, or answers 5xx or 429, is asked again, with growing waits or when Retry-After says;
    up to --buffer-bytes are held meanwhile, then the input waits. With --state pushes are stored in DIR/spool before
    they are sent, up to --spool-bytes for each Loki, and stay there until they are answered, over restarts and kills.
    A push that is too large (413) is sent in halves, and these in halves, 256 times at most. Any other answer than
    2xx is final: the entries of that push are rejected, with Loki's words, and go to --dead-letter. Where Loki
    refuses some entries of a push it takes the others, but does not say which: all of them are rejected here.

    Several URLs get all records, each from its own buffer or spool; one that fails costs the others nothing.

    What is held is always protobuf. With --format json it is turned into JSON when it is sent, which costs more.`,
  since,
  accepts: ['log'],
  emits: [],
  guarantee: `Every entry is stored, or rejected and counted. What is held is lost when the process is killed; what is
    not delivered within --drain-timeout after the end of input is dropped, counted under 'shutdown', and the exit
    code is 75. With --state it stays on disk; the exit code is 75 at the end of input, and 0 where a stop was asked
    for. After a lost answer or a kill a push is sent again; Loki keeps an entry of the same stream, time and line
    once. In the account each further URL makes a copy of every record ('made'), and so does what an earlier run left.
    Dropped at the bounds is 'buffer_full', 'spool_full' and 'spool_age', with damaged files 'spool_torn' and
    'spool_corrupt', and other record types are 'unsupported_type'. Rejected are records that Loki would not take
    ('invalid_labels', 'invalid_attributes', 'invalid_timestamp'), entries that are too long ('entry_too_long'), and
    what Loki refuses ('refused').`,
  args: [{ name: 'URL', help: 'a Loki, e.g. http://127.0.0.1:3100', required: true, variadic: true }],
  options: {
    label: { type: 'map', help: 'label for every stream that does not have it', since, group },
    resource_label: { type: 'list', value: 'NAME', help: 'attribute of resources that becomes a label, too', since, group },
    default_resource_labels: {
      type: 'bool',
      default: true,
      help: "make labels of the attributes of resources in Loki's default list",
      since,
      group,
    },
    tenant: { type: 'string', value: 'ID', help: 'tenant of records without the label __tenant_id__', since, group },
    format: {
      type: 'enum',
      values: ['protobuf', 'json'],
      default: 'protobuf',
      help: 'protobuf compressed with snappy, or JSON',
      since,
      group,
    },
    gzip: { type: 'bool', help: 'compress JSON with gzip', since, group },
    max_entry_bytes: {
      type: 'bytes',
      default: '0',
      help: 'longest entry, without its labels; longer ones are rejected; 0 for no bound',
      since,
      group,
    },
    max_streams: {
      type: 'int',
      default: 10_000,
      min: 1,
      help: 'most streams in a push, and streams remembered',
      since,
      group,
    },
    ...deliveryOptions({ batch_wait: '1s', batch_bytes: '1MiB' }),
    ...CLIENT_OPTIONS,
  },
  async check({ args, options }) {
    const { prepareLokis } = await import('../../lib/delivery/loki_receivers.js')
    const { closeAll } = await import('../../lib/delivery/destinations.js')
    await closeAll(await prepareLokis(args, options))
  },
  async connect({ args, options }) {
    const { probeLokis } = await import('../../lib/delivery/loki_receivers.js')
    return probeLokis(args, options)
  },
  examples: [
    {
      command: `printf '%s\\n' '${LINE}' | solder write loki http://127.0.0.1:3100`,
      about: 'send an entry',
      needs: 'a Loki',
    },
    {
      command:
        'solder receive loki --listen :3500 --ack durable --state state' +
        ' | solder write loki --state state --label cluster=eu http://eu.example:3100 http://us.example:3100',
      about: 'take what others push, and pass it on to two places, each with a spool on disk of its own',
      needs: 'senders and two Lokis',
    },
  ],
  async create({ args, options }, context) {
    const { openLokis, prepareLokis } = await import('../../lib/delivery/loki_receivers.js')
    return openLokis(args, await prepareLokis(args, options), options, context)
  },
})
