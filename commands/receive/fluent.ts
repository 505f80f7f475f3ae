// receive fluent: the forward protocol of Fluentd and Fluent Bit, to logs.

import { source } from '../../lib/component.js'
import { type Problem, throwAll } from '../../lib/diag/problem.js'
import { READER_OPTIONS } from '../../lib/io/options.js'
import type { Transport } from '../../lib/listen/address.js'
import type { ListenOptions } from '../../lib/listen/listeners.js'
import { STREAM_OPTIONS } from '../../lib/listen/options.js'
import { ACK_OPTIONS, ackProblems } from '../../lib/receive/ack_options.js'
import { LABEL_OPTION } from '../../lib/receive/line_options.js'

const since = '0.1.0'
const TRANSPORTS: readonly Transport[] = ['tcp', 'tls', 'unix']

export default source({
  name: 'receive fluent',
  summary: 'take what Fluentd, Fluent Bit and their loggers forward',
  description: `
    A server for the forward protocol, version 1, in all its modes: Message, Forward, PackedForward and
    CompressedPackedForward (gzip, zstd). Each event becomes a log record with the tag as label. Of its record the first
    text among --body-field is the body, and the other fields attributes; without such a field the whole record is the
    body. observed is when it came.

    A sender that asks for acknowledgement gets it when the records are passed on. With --ack durable it gets it when
    the sink of the pipe has stored them and committed that in --state, which is the same folder for both; without a
    commit within --ack-timeout it gets none, and sends again.

    With --shared-key both sides must prove that they know it; with --users a sender must also prove who it is. What
    they say is read again when its file changes. Heartbeats over UDP are not answered: senders are to use those over TCP.

    Each --listen is tcp:// or tls://HOST:PORT, or unix:PATH. When asked to stop it takes what is on its way. A reload
    of a pipeline file refuses no TCP connection.`,
  since,
  accepts: [],
  emits: ['log', 'checkpoint'],
  guarantee: `An acknowledgement says that the records were passed on; with --ack durable that the sink has stored
    them: a sender that asks for acknowledgements and repeats what got none loses nothing. Without them what a sender
    has written and the pipe has not stored when a stage is killed is lost. Records may arrive twice. Rejected are
    messages and events that are none ('bad_message'), which are acknowledged all the same; one that cannot be read
    ends its connection.`,
  args: [],
  options: {
    listen: {
      type: 'list', default: ['tcp://127.0.0.1:24224'], value: 'ENDPOINT',
      help: 'where to listen; may be given several times', since,
    },
    shared_key: { type: 'secret', value: 'KEY', help: 'key that senders must know', since },
    users: {
      type: 'secret', value: 'USERS', since,
      help: 'who may send: lines of USER:PASSWORD, such as those of file:PATH',
    },
    ...ACK_OPTIONS,
    ...LABEL_OPTION,
    tag_label: { type: 'string', value: 'NAME', default: 'tag', help: 'name of the label for the tag', since },
    body_field: {
      type: 'list', default: ['log', 'message', 'msg'], value: 'FIELD',
      help: 'field that becomes the body, if it is text; may be given several times', since,
    },
    timestamp: {
      type: 'enum',
      values: ['message', 'received'],
      default: 'message',
      help: 'the time of a record: that of the event, or that of its arrival',
      since,
    },
    max_message_bytes: {
      type: 'bytes', default: '32MiB', help: 'largest message, and its events unpacked', since, group: 'Bounds',
    },
    max_depth: READER_OPTIONS.max_depth,
    max_identities: { type: 'int', default: 100_000, min: 1, help: 'tags remembered', since, group: 'Bounds' },
    ...STREAM_OPTIONS,
  },
  async check({ options }) {
    const problems = await wrong(options)
    const { admissionOf } = await import('../../lib/receive/fluent_users.js')
    admissionOf(options, problems)
    throwAll(problems)
  },
  examples: [
    {
      command: 'solder receive fluent | solder view',
      about: "look at what comes, e.g. from 'docker run --log-driver fluentd'", needs: 'a sender',
    },
    {
      command:
        'solder receive fluent --listen tcp://:24224 --shared-key file:key --ack durable --state state' +
        ' | solder write loki http://127.0.0.1:3100 --state state',
      about: 'acknowledge what is on disk',
      needs: 'senders and a Loki',
    },
  ],
  async run({ options }, context) {
    const problems = await wrong(options)
    const { admissionOf } = await import('../../lib/receive/fluent_users.js')
    const admission = admissionOf(options, problems)
    throwAll(problems)
    const { serve } = await import('../../lib/listen/listeners.js')
    const { FluentReceiver } = await import('../../lib/receive/fluent.js')
    const { acksOf } = await import('../../lib/receive/acks.js')
    const acks = acksOf(`receive.fluent/${options.listen.join(',')}`, options, context)
    await acks?.open()
    const receiver = new FluentReceiver({ ...options, admission, acks }, context)
    await serve(options, TRANSPORTS, receiver, context).finally(() => acks?.close())
  },
})

async function wrong(options: ListenOptions & { ack: string; state: string | undefined }): Promise<Problem[]> {
  const { listenProblems } = await import('../../lib/listen/listeners.js')
  return [...ackProblems(options), ...(await listenProblems(options, TRANSPORTS))]
}
