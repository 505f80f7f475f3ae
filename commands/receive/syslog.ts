// receive syslog: messages over UDP, TCP, TLS and Unix sockets, to logs.

import { source } from '../../lib/component.js'
import { Problem, throwAll } from '../../lib/diag/problem.js'
import type { Transport } from '../../lib/listen/address.js'
import { DATAGRAM_OPTIONS, STREAM_OPTIONS } from '../../lib/listen/options.js'
import { LABEL_OPTION, TIMESTAMP_OPTION } from '../../lib/receive/line_options.js'
import type { SyslogOptions } from '../../lib/receive/syslog.js'

const since = '0.1.0'
const MESSAGES = { since, group: 'Messages' } as const
const TRANSPORTS: readonly Transport[] = ['tcp', 'tls', 'udp', 'unix']

export default source({
  name: 'receive syslog',
  summary: 'take syslog messages over UDP, TCP, TLS and Unix sockets',
  description: `
    Takes RFC 5424 and RFC 3164, told apart message by message, and what devices make of the latter: times with a
    year, a fraction or in RFC 3339, no hostname, Cisco's sequence numbers. Nothing of a message is lost: what does
    not look like a header stays in the body. In a stream each message has a count of octets in front or an end behind
    it (RFC 6587), which is told frame by frame.

    The text becomes body, the severity severity and severity_number as OpenTelemetry maps it, structured data the
    attribute structured_data. Of facility, severity, hostname, app, proc_id, msg_id and peer (the sender's address)
    --label-fields become labels and --attribute-fields attributes. --internal-labels adds all of them as labels under
    Alloy's names, __syslog_message_hostname and so on, for 'solder relabel'; sinks leave them out.

    A time without year is taken for the last one that is not in the future, one without zone for --timezone. observed
    is when the message came. A message longer than --max-message-bytes, which may be one that never ends, is cut and
    marked with the attribute truncated.

    Each --listen is tcp://, tls:// or udp://HOST:PORT, or unix:PATH for a stream socket. /dev/log is a datagram
    socket, which Node cannot open: rsyslogd and syslog-ng forward what comes there, and 'receive journal' reads the
    journal.

    When asked to stop it closes its half of each connection, so that senders turn to another, and takes what is on
    its way. A reload of a pipeline file refuses no TCP connection; datagrams that come while a pipe is replaced are
    lost.`,
  since,
  accepts: [],
  emits: ['log'],
  guarantee: `Syslog knows no acknowledgement: what a sender has written and the pipe has not stored when a stage is
    killed is lost. A slow reader makes senders over streams wait; datagrams are dropped beyond --udp-queue-bytes
    ('queue_full') and, uncounted here, by the system. Rejected are messages that are not as --format rfc5424 asks
    ('bad_message') and streams that cannot be framed ('bad_frame'). What was cut off a message is counted
    ('line_too_long').`,
  args: [],
  options: {
    listen: {
      type: 'list',
      default: ['udp://127.0.0.1:1514', 'tcp://127.0.0.1:1514'],
      value: 'ENDPOINT',
      help: 'where to listen; may be given several times',
      since,
    },
    ...LABEL_OPTION,
    label_fields: {
      ...MESSAGES,
      type: 'list',
      default: ['facility', 'severity', 'hostname', 'app'],
      value: 'FIELD',
      help: 'field of a message that becomes a label; may be given several times',
    },
    attribute_fields: {
      ...MESSAGES,
      type: 'list',
      default: ['proc_id', 'msg_id'],
      value: 'FIELD',
      help: 'field of a message that becomes an attribute; may be given several times',
    },
    internal_labels: {
      ...MESSAGES, type: 'bool', help: 'add all fields and structured data as labels that begin with __syslog_',
    },
    format: {
      ...MESSAGES, type: 'enum', values: ['auto', 'rfc5424', 'rfc3164'], default: 'auto',
      help: 'the format of messages',
    },
    framing: {
      ...MESSAGES,
      type: 'enum',
      values: ['auto', 'octet-counting', 'newline', 'nul'],
      default: 'auto',
      help: 'how messages stand in a stream; auto is a count of octets or a newline',
    },
    timestamp: { ...MESSAGES, ...TIMESTAMP_OPTION.timestamp },
    timezone: {
      ...MESSAGES, type: 'string', value: 'ZONE', default: 'Local',
      help: "zone of times that name none, e.g. Europe/Berlin; Local is the machine's",
    },
    max_message_bytes: {
      type: 'bytes', default: '64KiB', help: 'longest message; what is longer is cut, and marked', since,
      group: 'Bounds',
    },
    max_identities: { type: 'int', default: 100_000, min: 1, help: 'streams remembered', since, group: 'Bounds' },
    ...STREAM_OPTIONS,
    ...DATAGRAM_OPTIONS,
  },
  async check({ options }) {
    const { listenProblems } = await import('../../lib/listen/listeners.js')
    throwAll([...(await wrongFields(options)), ...(await listenProblems(options, TRANSPORTS))])
  },
  examples: [
    {
      command: 'solder receive syslog | solder view',
      about: "look at what comes, e.g. from 'logger -n 127.0.0.1 -P 1514 hello'", needs: 'a sender',
    },
    {
      command:
        'solder receive syslog --listen udp://:514 --listen tcp://:514 --listen tls://:6514' +
        ' --tls-cert cert.pem --tls-key key.pem --label site=attic | solder write file syslog/ --rotate-every 1d',
      about: 'keep what the devices of a site say',
      needs: 'senders, and leave to listen on port 514',
    },
  ],
  async run({ options }, context) {
    const problems = await wrongFields(options)
    const { listenProblems, serve } = await import('../../lib/listen/listeners.js')
    throwAll([...problems, ...(await listenProblems(options, TRANSPORTS))])
    const { SyslogReceiver } = await import('../../lib/receive/syslog.js')
    const receiver = new SyslogReceiver(options, context)
    await serve(options, TRANSPORTS, receiver, context)
  },
})

async function wrongFields({ label_fields, attribute_fields, timezone }: SyslogOptions): Promise<Problem[]> {
  const { zoneOf } = await import('../../lib/go/zone.js')
  const { fieldProblems } = await import('../../lib/receive/field_labels.js')
  const { FIELDS } = await import('../../lib/receive/syslog.js')
  const problems = fieldProblems([...label_fields, ...attribute_fields], FIELDS, 'syslog messages')
  if (zoneOf(timezone) !== undefined) return problems
  return [...problems, new Problem(`--timezone: '${timezone}' is no time zone`, { expected: 'Europe/Berlin, UTC, Local …' })]
}
