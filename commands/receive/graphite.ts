// receive graphite: Graphite's plaintext protocol over TCP and UDP, to samples.

import { source } from '../../lib/component.js'
import { collect, type Problem, throwAll } from '../../lib/diag/problem.js'
import type { Transport } from '../../lib/listen/address.js'
import type { ListenOptions } from '../../lib/listen/listeners.js'
import { DATAGRAM_OPTIONS, STREAM_OPTIONS } from '../../lib/listen/options.js'
import { SERIES_OPTIONS } from '../../lib/receive/series.js'
import { PathTemplate } from '../../lib/wire/graphite/template.js'

const since = '0.1.0'
const BOUNDS = { since, group: 'Bounds' } as const
const TRANSPORTS: readonly Transport[] = ['tcp', 'tls', 'udp', 'unix']

export default source({
  name: 'receive graphite',
  summary: "take metrics in Graphite's plaintext protocol over TCP and UDP",
  description: `
    Each line is a path, a value and a time in seconds, as carbon takes them; without a time, or with -1, it is that of
    arrival. It becomes a gauge: the path is the name, with underscores for its dots and all else that is no letter,
    digit or underscore (--names utf8 keeps it as it comes), and Graphite's tags, path;tag=value, are labels. The pickle
    protocol is not taken: it is Python's own and may hold programs; carbon-relay and collectd also speak the other.

    --template says what the parts of a path are, as Telegraf has it: the name of a label, measurement for a part of the
    name, measurement* for this part and all behind it, nothing for what is left out. A filter may stand in front, whose
    parts are words or *, and which may be shorter than the path. So 'servers.* .host.measurement*' makes cpu_load with
    host="web1" of servers.web1.cpu.load. The first template that fits is used, and paths that none fits are names.

    Each --listen is tcp://, udp:// or tls://HOST:PORT, or unix:PATH. When asked to stop it takes what is on its way. A
    reload of a pipeline file refuses no TCP connection; datagrams that come meanwhile are lost.`,
  since,
  accepts: [],
  emits: ['metric'],
  guarantee: `The protocol knows no acknowledgement: what a sender has written and the pipe has not stored when a stage
    is killed is lost. A slow reader makes senders over streams wait; datagrams are dropped beyond --udp-queue-bytes
    ('queue_full') and, uncounted here, by the system. Rejected are lines that are none ('bad_line'), of which a value
    that is no finite number makes one, and those that are too long ('line_too_long').`,
  args: [],
  options: {
    listen: {
      type: 'list', default: ['tcp://127.0.0.1:2003', 'udp://127.0.0.1:2003'], value: 'ENDPOINT',
      help: 'where to listen; may be given several times', since,
    },
    template: {
      type: 'list', value: 'TEMPLATE',
      help: "what the parts of a path are, e.g. 'servers.* .host.measurement*'; may be given several times", since,
    },
    ...SERIES_OPTIONS,
    max_line_bytes: { ...BOUNDS, type: 'bytes', default: '64KiB', help: 'longest line; longer ones are rejected' },
    max_identities: { ...BOUNDS, type: 'int', default: 500_000, min: 1, help: 'series remembered' },
    ...STREAM_OPTIONS,
    ...DATAGRAM_OPTIONS,
  },
  async check({ options }) {
    throwAll(await wrong(options))
  },
  examples: [
    {
      command: 'solder receive graphite | solder view',
      about: 'look at what comes, e.g. from \'echo "app.jobs 12 $(date +%s)" | nc -N 127.0.0.1 2003\'',
      needs: 'a sender',
    },
    {
      command:
        "solder receive graphite --listen :2003 --template 'servers.* .host.measurement*'" +
        ' | solder write prometheus http://127.0.0.1:9090/api/v1/write',
      about: 'what was meant for Graphite goes to Prometheus, with a label for the host',
      needs: 'senders and a receiver',
    },
  ],
  async run({ options }, context) {
    throwAll(await wrong(options))
    const { serve } = await import('../../lib/listen/listeners.js')
    const { GraphiteReader } = await import('../../lib/receive/graphite.js')
    const { SocketLines } = await import('../../lib/receive/socket_lines.js')
    const lines = new SocketLines(new GraphiteReader(options, context), options.max_line_bytes, context)
    await serve(options, TRANSPORTS, lines, context)
  },
})

async function wrong(options: ListenOptions & { readonly template: readonly string[] }): Promise<Problem[]> {
  const { listenProblems } = await import('../../lib/listen/listeners.js')
  const problems: Problem[] = []
  for (const text of options.template) await collect(problems, () => new PathTemplate(text))
  return [...problems, ...(await listenProblems(options, TRANSPORTS))]
}
