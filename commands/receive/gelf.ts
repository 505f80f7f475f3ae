// receive gelf: Graylog's messages over UDP, TCP and TLS, to logs.

import { source } from '../../lib/component.js'
import { type Problem, throwAll } from '../../lib/diag/problem.js'
import { READER_OPTIONS } from '../../lib/io/options.js'
import type { Transport } from '../../lib/listen/address.js'
import type { ListenOptions } from '../../lib/listen/listeners.js'
import { DATAGRAM_OPTIONS, STREAM_OPTIONS } from '../../lib/listen/options.js'
import { LABEL_OPTION, TIMESTAMP_OPTION } from '../../lib/receive/line_options.js'

const since = '0.1.0'
const BOUNDS = { since, group: 'Bounds' } as const
const TRANSPORTS: readonly Transport[] = ['tcp', 'tls', 'udp', 'unix']

export default source({
  name: 'receive gelf',
  summary: "take Graylog's GELF messages over UDP, TCP and TLS",
  description: `
    Takes GELF 1.1: over UDP in chunks or whole, packed with gzip or zlib or plain; over TCP with a zero behind each
    message. short_message becomes body, level severity and severity_number (1, alert, where it is missing, as GELF
    has it), timestamp the time; full_message, file, line and additional fields, these without their underscore,
    become attributes.

    Of host, level, facility, version and peer (the sender's address) --label-fields become labels. --internal-labels
    adds all of them as __gelf_message_host and so on, for 'solder relabel'; sinks leave them out. observed is when
    the message came.

    Each --listen is udp://, tcp:// or tls://HOST:PORT, or unix:PATH. When asked to stop it takes what is on its way.
    A reload of a pipeline file refuses no TCP connection; datagrams that come meanwhile are lost.`,
  since,
  accepts: [],
  emits: ['log'],
  guarantee: `GELF knows no acknowledgement: what a sender has written and the pipe has not stored when a stage is
    killed is lost. Datagrams are dropped beyond --udp-queue-bytes ('queue_full') and, uncounted here, by the system;
    messages of which chunks are missing after --chunk-timeout ('chunks_missing') or that wait beyond
    --max-chunk-bytes ('chunks_full') are given up. Rejected is what is no GELF, or too large ('bad_message').`,
  args: [],
  options: {
    listen: {
      type: 'list', default: ['udp://127.0.0.1:12201', 'tcp://127.0.0.1:12201'], value: 'ENDPOINT',
      help: 'where to listen; may be given several times', since,
    },
    ...LABEL_OPTION,
    label_fields: {
      type: 'list', default: ['host', 'level'], value: 'FIELD',
      help: 'field of a message that becomes a label; may be given several times', since,
    },
    internal_labels: { type: 'bool', help: 'add all fields as labels that begin with __gelf_message_', since },
    ...TIMESTAMP_OPTION,
    max_message_bytes: {
      ...BOUNDS, type: 'bytes', default: '1MiB', help: 'longest message, unpacked; longer ones are rejected',
    },
    max_chunk_bytes: { ...BOUNDS, type: 'bytes', default: '16MiB', help: 'chunks that wait for others, all together' },
    chunk_timeout: {
      ...BOUNDS, type: 'duration', default: '5s', min: '1ms', max: '1h',
      help: 'time for the chunks of a message to come',
    },
    max_depth: READER_OPTIONS.max_depth,
    max_identities: { ...BOUNDS, type: 'int', default: 100_000, min: 1, help: 'streams remembered' },
    ...STREAM_OPTIONS,
    ...DATAGRAM_OPTIONS,
  },
  async check({ options }) {
    throwAll(await wrong(options))
  },
  examples: [
    {
      command: 'solder receive gelf | solder view',
      about: "look at what comes, e.g. from 'docker run --log-driver gelf'", needs: 'a sender',
    },
    {
      command: 'solder receive gelf --listen udp://:12201 --label site=attic | solder write file gelf/',
      about: 'keep it', needs: 'senders',
    },
  ],
  async run({ options }, context) {
    throwAll(await wrong(options))
    const { serve } = await import('../../lib/listen/listeners.js')
    const { GelfReceiver } = await import('../../lib/receive/gelf.js')
    const receiver = new GelfReceiver(options, context)
    await serve(options, TRANSPORTS, receiver, context).finally(() => receiver.end())
  },
})

async function wrong(options: ListenOptions & { readonly label_fields: readonly string[] }): Promise<Problem[]> {
  const { listenProblems } = await import('../../lib/listen/listeners.js')
  const { fieldProblems } = await import('../../lib/receive/field_labels.js')
  const { FIELDS } = await import('../../lib/receive/gelf.js')
  const problems = fieldProblems(options.label_fields, FIELDS, 'GELF messages')
  return [...problems, ...(await listenProblems(options, TRANSPORTS))]
}
