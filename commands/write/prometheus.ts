// write prometheus: samples to a receiver of Prometheus remote write.

import { TO_PROMETHEUS_OPTIONS } from '../../lib/bridge/otlp_prometheus/options.js'
import { sink } from '../../lib/component.js'
import { DELIVERY_OPTIONS, SPOOL_OPTIONS } from '../../lib/delivery/options.js'
import { CLIENT_OPTIONS } from '../../lib/net/options.js'

const since = '0.1.0'
const group = 'What is sent'
const SAMPLE = '{"type":"metric","name":"up","labels":{"job":"node"},"ts":"1763804400123000000","value":1}'

export default sink({
  name: 'write prometheus',
  summary: 'send samples to Prometheus, Mimir, Thanos, VictoriaMetrics … by remote write',
  description: `
    Sends metrics as Prometheus remote write: samples, staleness markers, exemplars, native histograms and the
    metadata of metric families. A request goes when it has --batch-samples, or --batch-bytes, or is --batch-wait old.
    Series are spread over --concurrency requests by their labels, so that the samples of one series arrive in order.
    How many of these are under way at once is found by how the receiver answers: one more after each round of good
    answers while others wait, three tenths fewer when it says 429 or 5xx, does not answer in time, closes connections
    or takes more than twice its usual time, never fewer than --min-concurrency. The log tells at level debug.

    A receiver that cannot be reached, or answers 5xx or 429, is asked again, with growing waits or when Retry-After
    says; up to --buffer-bytes are held meanwhile, then the input waits. A request that is too large for it (413) is
    sent in halves, and these in halves, down to single samples or 1 KiB, 256 times at most. Any other answer than 2xx
    is final: the samples of that request are rejected, with the receiver's words, and go to --dead-letter as they
    were sent.

    With --state requests are stored in DIR/spool before they are sent, up to --spool-bytes for each receiver, and
    stay there until they are answered. What is left at the end, or after a kill, the next start sends first, in the
    order of each series. Only one command may use the spool of a receiver. A full disk is waited for.

    Several URLs get all records, each from its own buffer or spool. One that fails costs the others nothing: when its
    buffer or spool is full, its oldest records are dropped. One that answers, slowly, is waited for. --when-full
    block waits in any case, drop_oldest never. --write-relabel is for all of them.

    With --protocol 2 requests are those of remote write 2.0: strings once, kind, unit and help with every series,
    start times of counters. With auto that is tried first; a receiver that answers 415, or 400 or 2xx without a word
    about what was written, gets the same in 1.0 from then on. What a receiver of 2.0 says that it has written is
    compared with what was sent; a difference is told and counted.

    Data points of OpenTelemetry are translated on their way, as 'derive prometheus' does and with its options. A
    series is sent with the name of its metric and its labels; kind and start have no place in remote write 1.0. Times
    are cut to milliseconds. An --external-label never replaces a label that is there, and the rules of
    --write-relabel see it.`,
  since,
  accepts: ['metric', 'metadata'],
  emits: [],
  guarantee: `Every sample is stored, or rejected and counted. What is held is lost when the process is killed; what
    is not delivered within --drain-timeout after the end of input is dropped, counted under 'shutdown', and the exit
    code is 75. With --state it stays on disk; the exit code is 75 at the end of input, and 0 where a stop was asked
    for. After a lost answer or a kill a request is sent again, so that samples may arrive twice. In the account each
    further URL makes a copy of every record ('made'), and so does what an earlier run left; bytes out are those of
    stored requests, compressed. Dropped at the bounds is 'buffer_full', 'spool_full' and 'spool_age', with damaged
    files 'spool_torn' and 'spool_corrupt'. Rejected are series and samples that no receiver takes ('invalid_series',
    'invalid_sample', 'invalid_metadata'), data points of OpenTelemetry that Prometheus would not take
    ('untranslatable') and what the receiver refused ('refused'). Of a request that a receiver of 2.0 refuses in part
    ('partly_refused'), what it did not write is counted; since it does not say which that is, all of it goes to
    --dead-letter. Dropped are what it leaves out of a request that it takes ('not_written'), other record types
    ('unsupported_type'), what --write-relabel drops ('write_relabel'), what is switched off ('metadata',
    'native_histogram') and metadata that says nothing new ('metadata_known').`,
  args: [
    { name: 'URL', help: 'a receiver, e.g. http://127.0.0.1:9090/api/v1/write', required: true, variadic: true },
  ],
  options: {
    protocol: {
      type: 'enum',
      values: ['1', '2', 'auto'],
      default: '1',
      since,
      group,
      help: 'version of remote write; auto is 2, or 1 where the receiver does not know 2',
    },
    external_label: { type: 'map', help: 'label for every series that does not have it', since, group },
    write_relabel: { type: 'path', readAtStart: true, value: 'FILE', help: 'relabel rules for what is sent', since, group },
    name_validation_scheme: {
      type: 'enum',
      values: ['utf8', 'legacy'],
      default: 'utf8',
      since,
      group,
      help: 'valid names: any UTF-8 text, or letters, digits and underscores as before Prometheus 3',
    },
    send_exemplars: { type: 'bool', default: true, help: 'send exemplars', since, group },
    send_native_histograms: { type: 'bool', default: true, help: 'send native histograms', since, group },
    metadata: { type: 'bool', default: true, help: 'send the metadata of metric families', since, group },
    metadata_interval: {
      type: 'duration',
      default: '1m',
      min: '1s',
      max: '20d',
      help: 'time after which known metadata is sent again',
      since,
      group,
    },
    max_metadata: {
      type: 'int',
      default: 100_000,
      min: 1,
      help: 'metric families whose metadata is remembered',
      since,
      group,
    },
    tenant: { type: 'string', value: 'ID', help: 'tenant, sent as X-Scope-OrgID', since, group },
    batch_samples: { type: 'int', default: 5000, min: 1, help: 'most samples in a request', since, group: 'Delivery' },
    ...DELIVERY_OPTIONS,
    ...SPOOL_OPTIONS,
    ...TO_PROMETHEUS_OPTIONS,
    ...CLIENT_OPTIONS,
  },
  async check({ args, options }) {
    const { prepareReceivers } = await import('../../lib/delivery/prepare.js')
    const { closeAll } = await import('../../lib/delivery/destinations.js')
    await closeAll((await prepareReceivers(args, options)).clients)
  },
  async connect({ args, options }) {
    const { probeReceivers } = await import('../../lib/delivery/probe.js')
    return probeReceivers(args, options)
  },
  examples: [
    {
      command:
        'solder scrape http://127.0.0.1:9100/metrics --every 15s' +
        ' | solder write prometheus http://127.0.0.1:9090/api/v1/write',
      about: 'scrape a machine for Prometheus',
      needs: 'a target and a receiver',
    },
    {
      command:
        `printf '%s\\n' '${SAMPLE}' | solder write prometheus http://127.0.0.1:9009/api/v1/push` +
        ' --tenant team-a --external-label cluster=eu',
      about: 'send to a tenant of Mimir, with a label of our own',
      needs: 'a receiver',
    },
    {
      command:
        'solder scrape host | solder write prometheus --state /var/lib/solder/host' +
        ' http://eu.example/api/v1/push http://us.example/api/v1/push',
      about: 'send to two places, each with a spool on disk of its own',
      needs: 'two receivers',
    },
  ],
  async create({ args, options }, context) {
    const { openReceivers } = await import('../../lib/delivery/receivers.js')
    const { prepareReceivers } = await import('../../lib/delivery/prepare.js')
    const { clients, rules } = await prepareReceivers(args, options)
    return openReceivers(args, clients, { ...options, rules }, context)
  },
})
