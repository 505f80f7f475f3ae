// receive tcp: lines over TCP, TLS and Unix sockets, to logs.

import { source } from '../../lib/component.js'
import { collect, type Problem, throwAll } from '../../lib/diag/problem.js'
import { READER_OPTIONS } from '../../lib/io/options.js'
import type { Transport } from '../../lib/listen/address.js'
import type { ListenOptions } from '../../lib/listen/listeners.js'
import { STREAM_OPTIONS } from '../../lib/listen/options.js'
import { LINE_OPTIONS } from '../../lib/receive/line_options.js'
import { checkEncoding } from '../../lib/wire/lines/encoding.js'

const since = '0.1.0'
const TRANSPORTS: readonly Transport[] = ['tcp', 'tls', 'unix']

export default source({
  name: 'receive tcp',
  summary: 'take lines over TCP, TLS and Unix sockets',
  description: `
    Each line of a connection becomes a log record, read as by 'receive lines'. With --format json a line is a JSON
    value, which becomes the body as it is. With --format records a line is a record of any type, as solder's own
    commands write them, so that the pipes of two machines can be joined.

    Each --listen is tcp:// or tls://HOST:PORT, HOST:PORT, or unix:PATH. When asked to stop it closes its half of each
    connection and takes what is on its way. A reload of a pipeline file refuses no TCP connection.`,
  since,
  accepts: [],
  emits: ['target', 'metadata', 'metric', 'log', 'span', 'profile', 'checkpoint'],
  guarantee: `There is no acknowledgement: what a sender has written and the pipe has not stored when a stage is
    killed is lost. A slow reader makes senders wait. Rejected are lines that are no JSON or no record, and those of
    --format json and records that are too long ('not_json', 'too_deep', 'line_too_long' and those of
    solder-records(7)); a line of text that is too long is cut and counted ('line_too_long'), and the record says so.`,
  args: [],
  options: {
    listen: {
      type: 'list', default: ['tcp://127.0.0.1:5170'], value: 'ENDPOINT',
      help: 'where to listen; may be given several times', since,
    },
    format: { type: 'enum', values: ['lines', 'json', 'records'], default: 'lines', help: 'what a line is', since },
    ...LINE_OPTIONS,
    peer_label: {
      type: 'string', value: 'NAME', help: "name of a label for the sender's address; not with --format records",
      since,
    },
    max_depth: READER_OPTIONS.max_depth,
    max_identities: READER_OPTIONS.max_identities,
    ...STREAM_OPTIONS,
  },
  async check({ options }) {
    throwAll(await wrong(options))
  },
  examples: [
    {
      command: "solder receive tcp --label app=build | solder view",
      about: "look at what comes, e.g. from 'make 2>&1 | nc 127.0.0.1 5170'", needs: 'a sender',
    },
    {
      command:
        'solder receive tcp --format records --listen tls://:5171 --tls-cert cert.pem --tls-key key.pem' +
        ' | solder write file archive/',
      about: 'keep the records of other machines',
      needs: "senders, e.g. 'solder scrape host | ncat --ssl HOST 5171'",
    },
  ],
  async run({ options }, context) {
    throwAll(await wrong(options))
    const { serve } = await import('../../lib/listen/listeners.js')
    const { TcpReceiver } = await import('../../lib/receive/tcp.js')
    const receiver = new TcpReceiver(options, context)
    await serve(options, TRANSPORTS, receiver, context)
  },
})

async function wrong(options: ListenOptions & { readonly encoding: string }): Promise<Problem[]> {
  const { listenProblems } = await import('../../lib/listen/listeners.js')
  const problems: Problem[] = []
  await collect(problems, () => checkEncoding(options.encoding, '--encoding'))
  return [...problems, ...(await listenProblems(options, TRANSPORTS))]
}
