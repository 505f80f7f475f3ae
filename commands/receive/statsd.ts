// receive statsd: StatsD and DogStatsD over UDP and TCP, added up, to samples; events to log records.

import { source } from '../../lib/component.js'
import { Problem, throwAll } from '../../lib/diag/problem.js'
import type { Transport } from '../../lib/listen/address.js'
import type { ListenOptions } from '../../lib/listen/listeners.js'
import { DATAGRAM_OPTIONS, STREAM_OPTIONS } from '../../lib/listen/options.js'
import { SERIES_OPTIONS } from '../../lib/receive/series.js'
import { decimalOf } from '../../lib/wire/decimal.js'

const since = '0.1.0'
const BOUNDS = { since, group: 'Bounds' } as const
const TRANSPORTS: readonly Transport[] = ['udp', 'tcp', 'tls', 'unix']

export default source({
  name: 'receive statsd',
  summary: 'take StatsD and DogStatsD metrics over UDP and TCP, and add them up',
  description: `
    Adds up what comes, and makes the samples of all series --every interval and at the end, as Prometheus's
    statsd_exporter has them when it is scraped (not as OpenTelemetry's receiver, which makes deltas): counters count from
    the start and only grow; gauges keep their last value, to which one with a sign is added; timers (ms, in seconds
    then), histograms (h) and distributions (d) are classic histograms with --buckets, counted from the start; a set is the
    number of its different members in the interval. A sample rate (|@0.1) makes up for what was not sent.

    Names have underscores for dots and all else that is no letter, digit or underscore (--names utf8 keeps it). Tags
    of DogStatsD are labels, one without value is "true"; several values in one line, and the container, for
    --container-label, are taken as well. A gauge with a time of its own (|T) is passed on at once, with that time; other
    types are taken as if it were not there.

    With --events, events and service checks become log records with the labels source="dogstatsd" and type="event" or
    "service_check". The body is the text or message, else the title or name. Attributes are the tags, and over them
    title, priority, alert_type, aggregation_key and source_type_name, or name and status (ok, warning, critical,
    unknown); hostname; container_id. The severity is that of the alert type, which is info unless it is said, or of
    the status; the time is the sender's, where that is valid. Without --events they are dropped, and counted.

    A series that nobody sends to for --ttl ends with a staleness marker, and counts from 0 when it comes again; what is
    held is lost when the process is killed. A name has one form: lines of another are dropped, and counted.

    Each --listen is udp://, tcp:// or tls://HOST:PORT, or unix:PATH for a stream socket. When asked to stop it takes what
    is on its way. A reload of a pipeline file begins anew.`,
  since,
  accepts: [],
  emits: ['metric', 'log'],
  guarantee: `StatsD knows no acknowledgement: what has not become a sample when the stage is killed is lost, and so are
    datagrams beyond --udp-queue-bytes ('queue_full') and, uncounted here, those that the system drops. Lines that are none
    are rejected, with their column ('bad_line', 'line_too_long'). Dropped are lines for new series beyond --max-series
    ('series_full'), for a name of another form ('type_conflict'), new members of a set beyond --max-set-values
    ('set_full'), 'event' and 'service_check'. In the account are samples, and lines only where they are not taken.`,
  args: [],
  options: {
    listen: {
      type: 'list', default: ['udp://127.0.0.1:8125', 'tcp://127.0.0.1:8125'], value: 'ENDPOINT',
      help: 'where to listen; may be given several times', since,
    },
    every: { type: 'duration', default: '10s', min: '10ms', max: '20d', help: 'interval of samples', since },
    buckets: {
      type: 'list',
      default: ['0.005', '0.01', '0.025', '0.05', '0.1', '0.25', '0.5', '1', '2.5', '5', '10'],
      value: 'BOUND',
      help: 'upper bound of a bucket of histograms, timers in seconds; may be given several times',
      since,
    },
    events: { type: 'bool', help: 'make log records of events and service checks', since },
    container_label: { type: 'string', value: 'NAME', help: 'name of a label for the container that a sender names', since },
    ttl: {
      type: 'duration', default: '1h', max: '20d', help: 'time after which a series that nobody sends to ends; 0 for never', since,
    },
    ...SERIES_OPTIONS,
    max_series: { ...BOUNDS, type: 'int', default: 100_000, min: 1, help: 'series held; lines for further ones are dropped' },
    max_set_values: { ...BOUNDS, type: 'int', default: 100_000, min: 1, help: 'members of a set in an interval' },
    max_line_bytes: { ...BOUNDS, type: 'bytes', default: '64KiB', help: 'longest line; longer ones are rejected' },
    ...STREAM_OPTIONS,
    ...DATAGRAM_OPTIONS,
  },
  async check({ options }) {
    throwAll(await wrong(options))
  },
  examples: [
    {
      command: 'solder receive statsd --every 1s | solder view',
      about: 'look at what comes, e.g. from \'echo "app.jobs:1|c|#queue:a" | nc -N 127.0.0.1 8125\'',
      needs: 'a sender',
    },
    {
      command:
        'solder receive statsd --listen udp://:8125 --every 15s --label site=attic' +
        ' | solder write prometheus http://127.0.0.1:9090/api/v1/write',
      about: "what the programs of a network send goes to Prometheus",
      needs: 'senders and a receiver',
    },
  ],
  async run({ options }, context) {
    throwAll(await wrong(options))
    const { serve } = await import('../../lib/listen/listeners.js')
    const { StatsdReader } = await import('../../lib/receive/statsd.js')
    const { SocketLines } = await import('../../lib/receive/socket_lines.js')
    const { repeat } = await import('../../lib/receive/repeat.js')
    const buckets = options.buckets.map(decimalOf).sort((a, b) => a - b)
    const reader = new StatsdReader({ ...options, buckets }, context)
    const lines = new SocketLines(reader, options.max_line_bytes, context)
    const serving = serve(options, TRANSPORTS, lines, context)
    await repeat(() => reader.interval(), options.every, serving, context.clock)
  },
})

async function wrong(options: ListenOptions & { readonly buckets: readonly string[] }): Promise<Problem[]> {
  const { listenProblems } = await import('../../lib/listen/listeners.js')
  const bounds = options.buckets.map(decimalOf)
  const problems = options.buckets
    .filter((_, i) => Number.isNaN(bounds[i]) || bounds.indexOf(bounds[i]) !== i)
    .map((bound) => new Problem(`--buckets: '${bound}' is not valid`, { expected: 'different numbers, such as 0.5' }))
  return [...problems, ...(await listenProblems(options, TRANSPORTS))]
}
