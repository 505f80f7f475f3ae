// receive webhook: whatever is posted as JSON, and what Heroku, Amazon and Google post, to logs.

import { source } from '../../lib/component.js'
import { Problem, throwAll } from '../../lib/diag/problem.js'
import { READER_OPTIONS } from '../../lib/io/options.js'
import type { ServerAnswer, ServerRequest } from '../../lib/net/server.js'
import { serverOptions } from '../../lib/net/server_options.js'
import { ACK_OPTIONS, ackProblems } from '../../lib/receive/ack_options.js'
import { LABEL_OPTION, TIMESTAMP_OPTION } from '../../lib/receive/line_options.js'

const since = '0.1.0'
/** Where Alloy has them. */
const PATHS = { heroku: '/heroku/api/v1/drain', firehose: '/awsfirehose/api/v1/push', gcp: '/gcp/api/v1/push' } as const

export default source({
  name: 'receive webhook',
  summary: 'take what is posted by HTTP: any JSON, Heroku drains, Amazon Firehose, Google Pub/Sub',
  description: `
    A server for POST requests. At --path it takes any JSON, which becomes the body of a log record, each element of a
    list one of its own. Where the Content-Type says ndjson each line is such a value, where it says text/plain each
    line is a body. The answer is 204.

    ${PATHS.heroku} takes Heroku's drains, with the labels app and proc. ${PATHS.firehose} takes
    what Amazon Data Firehose delivers: a record for each of its records, or for each log event of CloudWatch, with the
    labels log_group, log_stream and owner; common attributes that begin with lbl_ become labels, and --access-key is what
    it must send. ${PATHS.gcp} takes push messages of Google Pub/Sub, with the label subscription, the message's
    attributes and its message_id. The time is that of the message, where it has one; observed is when it came.

    With --ack durable an answer waits until the sink of the pipe has stored the records and committed that in
    --state, which is the same folder for both; without a commit within --ack-timeout it is 503 and Retry-After.

    A request that is wrong is not taken at all: 400 with the reason, 413 over a bound, 401 without the credentials.`,
  since,
  accepts: [],
  emits: ['log', 'checkpoint'],
  guarantee: `An answer of 2xx says that the records were passed on, not that they were stored: what stands in the
    pipe when it breaks is lost. With --ack durable it says that the sink has stored them: a sender that repeats what
    was not answered loses nothing. Records may arrive twice either way. Nothing is dropped here.`,
  args: [],
  options: {
    ...serverOptions('127.0.0.1:8080'),
    ...ACK_OPTIONS,
    ...LABEL_OPTION,
    path: { type: 'string', value: 'PATH', default: '/', help: 'path that takes any JSON', since },
    access_key: { type: 'secret', value: 'KEY', help: 'access key that Firehose must send', since },
    ...TIMESTAMP_OPTION,
    max_request_bytes: {
      type: 'bytes', default: '64MiB', help: 'largest request after decompression', since, group: 'Bounds',
    },
    max_depth: READER_OPTIONS.max_depth,
    max_identities: { type: 'int', default: 100_000, min: 1, help: 'streams remembered', since, group: 'Bounds' },
  },
  async check({ options }) {
    const { serverProblems } = await import('../../lib/net/server_check.js')
    const { openSecret } = await import('../../lib/net/secret.js')
    const problems = [...wrong(options), ...serverProblems(options)]
    openSecret(options.access_key, '--access-key', problems)
    throwAll(problems)
  },
  examples: [
    {
      command: 'solder receive webhook --label app=ci | solder view',
      about: 'look at what is posted to http://127.0.0.1:8080/',
      needs: 'a sender',
    },
    {
      command:
        'solder receive webhook --listen :8443 --tls-cert cert.pem --tls-key key.pem --access-key env:FIREHOSE_KEY' +
        ' --ack durable --state state | solder write loki http://127.0.0.1:3100 --state state',
      about: 'take what clouds deliver, and answer when it is on disk',
      needs: 'senders and a Loki',
    },
  ],
  async run({ options }, context) {
    const problems = wrong(options)
    const { openSecret } = await import('../../lib/net/secret.js')
    const { serveRequests } = await import('../../lib/receive/serve_requests.js')
    const { WebhookReceiver } = await import('../../lib/receive/webhook.js')
    const { acksOf } = await import('../../lib/receive/acks.js')
    const acks = acksOf(`receive.webhook/${options.listen}`, options, context)
    const accessKey = openSecret(options.access_key, '--access-key', problems)
    const receiver = new WebhookReceiver({ ...options, accessKey, acks }, context)
    const post = (answer: (request: ServerRequest) => Promise<ServerAnswer>) => ({ methods: ['POST'], answer })
    const routes = new Map([
      [PATHS.heroku as string, post((request) => receiver.heroku(request))],
      [PATHS.firehose, post((request) => receiver.firehose(request))],
      [PATHS.gcp, post((request) => receiver.gcp(request))],
      [options.path, post((request) => receiver.any(request))],
    ])
    await serveRequests(options, routes, acks, context, problems, options.path)
  },
})

function wrong(options: { path: string; ack: string; state: string | undefined }): Problem[] {
  const problems = ackProblems(options)
  if (options.path.startsWith('/') && !Object.values<string>(PATHS).includes(options.path)) return problems
  return [...problems, new Problem(`--path: '${options.path}' is not valid`, { expected: 'a path of its own, such as /hook' })]
}
