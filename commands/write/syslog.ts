// write syslog: log records to a syslog receiver.

import { sink } from '../../lib/component.js'
import { DELIVERY_OPTIONS, SPOOL_OPTIONS } from '../../lib/delivery/options.js'
import { throwAll } from '../../lib/diag/problem.js'
import { CLIENT_OPTIONS } from '../../lib/net/options.js'

const since = '0.1.0'
const group = 'What is sent'
const { batch_bytes, batch_wait, buffer_bytes, drain_timeout, max_backoff, min_backoff, timeout, when_full } =
  DELIVERY_OPTIONS
const { tls_ca, tls_cert, tls_key, tls_insecure_skip_verify, tls_min_version, tls_server_name } = CLIENT_OPTIONS
const LINE = '{"type":"log","labels":{"app":"shop"},"ts":"1763804400123456789","body":"paid","severity":"INFO"}'

export default sink({
  name: 'write syslog',
  summary: 'send log records as syslog messages',
  description: `
    Sends log records over TCP, TLS or UDP, in RFC 5424 or 3164, in order and over one connection. What 'receive
    syslog' has taken goes out as it came in: facility, severity, hostname, app, proc_id, msg_id and structured_data
    are taken from the attributes and labels of those names. Of other records the severity is that of severity or
    severity_number, or of the label level; the hostname also the label host or the resource's host.name, the app also
    service_name or the resource's service.name, the proc_id also pid. What a record does not tell is --facility,
    notice, --hostname and --app. With --structured-data-id labels and attributes go along as an element of structured
    data of that id.

    A body that is no text is sent as JSON. With --framing newline a newline in a body becomes #012, as in rsyslog.

    A receiver that cannot be reached is tried again, with growing waits; up to --buffer-bytes are held meanwhile,
    then the input waits. With --state what is held is on disk, in DIR/spool, and survives kills and restarts.`,
  since,
  accepts: ['log'],
  emits: [],
  guarantee: `Syslog knows no acknowledgement: a message counts as out when the system has taken it, and one that was
    on its way when a connection broke, or when the receiver was killed, may be lost. A datagram may be lost anywhere.
    What was written when an error came is written again: it may arrive twice. What is held is lost when the process
    is killed, but not with --state; what is not sent within --drain-timeout after the end of input is dropped
    ('shutdown') or stays on disk, and the exit code is 75. Dropped at the bounds is 'buffer_full', 'spool_full' and
    'spool_age', with damaged files 'spool_torn' and 'spool_corrupt'; other record types are 'unsupported_type'. A
    message longer than --max-message-bytes is cut, and told about.`,
  args: [{ name: 'ADDRESS', help: 'tcp://HOST:PORT, tls://HOST:PORT or udp://HOST:PORT', required: true }],
  options: {
    format: {
      type: 'enum', values: ['rfc5424', 'rfc3164'], default: 'rfc5424', help: 'the format of messages', since,
      group,
    },
    framing: {
      type: 'enum',
      values: ['octet-counting', 'newline', 'nul'],
      default: 'octet-counting',
      help: 'what tells messages apart in a stream (RFC 6587)',
      since,
      group,
    },
    facility: {
      type: 'string', value: 'WORD', default: 'user', help: 'facility of records that name none', since, group,
    },
    hostname: {
      type: 'string', value: 'NAME', help: "hostname of records that name none; the machine's if absent", since,
      group,
    },
    app: {
      type: 'string', value: 'NAME', default: 'solder', help: 'application of records that name none', since, group,
    },
    structured_data_id: {
      type: 'string',
      value: 'ID',
      help: 'id of an element of structured data for labels and attributes; absent, they are left out',
      since,
      group,
    },
    timezone: { type: 'string', value: 'ZONE', default: 'Local', help: 'zone of the times of RFC 3164', since, group },
    max_message_bytes: { type: 'bytes', default: '8KiB', help: 'longest message; what is longer is cut', since, group },
    ...{ batch_bytes: { ...batch_bytes, default: '256KiB' }, batch_wait: { ...batch_wait, default: '200ms' } },
    ...{ buffer_bytes, when_full, timeout, min_backoff, max_backoff, drain_timeout },
    ...SPOOL_OPTIONS,
    ...{ tls_ca, tls_cert, tls_key, tls_server_name, tls_insecure_skip_verify, tls_min_version },
  },
  async check({ args, options }) {
    const { syslogProblems } = await import('../../lib/delivery/syslog_receiver.js')
    throwAll(syslogProblems(args[0], options))
  },
  async connect({ args, options }) {
    const { reachSyslog } = await import('../../lib/delivery/syslog_receiver.js')
    return reachSyslog(args[0], options)
  },
  examples: [
    {
      command: `printf '%s\\n' '${LINE}' | solder write syslog udp://127.0.0.1:1514`,
      about: 'send a message',
      needs: 'a receiver',
    },
    {
      command:
        "solder receive syslog --listen udp://:514 | solder filter 'labels.severity != \"debug\"'" +
        ' | solder write syslog tls://logs.example:6514 --state state',
      about: 'take what devices send over UDP, and pass it on over TLS, with a spool on disk',
      needs: 'senders and a receiver',
    },
  ],
  async create({ args, options }, context) {
    const { openSyslog } = await import('../../lib/delivery/syslog_receiver.js')
    return openSyslog(args[0], options, context)
  },
})
