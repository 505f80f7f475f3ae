// receive loki: a server for Loki's push API, to records.

import { source } from '../../lib/component.js'
import { Problem, throwAll } from '../../lib/diag/problem.js'
import type { ServerRequest } from '../../lib/net/server.js'
import { serverOptions } from '../../lib/net/server_options.js'
import { ACK_OPTIONS, ackProblems } from '../../lib/receive/ack_options.js'

const since = '0.1.0'

export default source({
  name: 'receive loki',
  summary: 'take log entries that Promtail, Alloy, Docker, Fluent Bit and others push to Loki',
  description: `
    A server for Loki's push API, /loki/api/v1/push: protobuf with snappy, and JSON, each also with gzip or deflate. The
    same as Alloy serves it is at /api/v1/push, and the form of Loki's first versions at /api/prom/push. /loki/api/v1/raw
    takes plain text, an entry a line. /ready tells that the server listens. Entries become log records: the labels of
    the stream, the line as body, structured metadata as attributes. X-Scope-OrgID becomes the label __tenant_id__, by
    which 'write loki' sends the record on to the same tenant. A --label is set on every stream, in the place of one of
    that name. Times are those of the entries; with --no-keep-timestamps they are those of arrival.

    A push is answered with 204 when its records are passed on; a reader that is slow makes senders wait. With --ack
    durable it is answered when the sink of the pipe has stored them: behind the records of each push goes a checkpoint,
    the sink commits it in --state, which is the same folder for both, and the answer waits for that. Without a commit
    within --ack-timeout, or with --max-waiting pushes that wait, it is 503 and Retry-After.

    Streams whose labels cannot be read and entries whose time Loki cannot hold are left out, the others are taken, and
    the answer is 400 with the reasons, which a sender does not repeat. What is no push is 400 as a whole, what is over a
    bound is 413 and names the bound, another encoding is 415, wrong credentials are 401. Bytes that are not UTF-8 become
    U+FFFD.

    Listens on this machine only, unless --listen says otherwise. When asked to stop it takes no more connections,
    answers what is under way, and ends.`,
  since,
  accepts: [],
  emits: ['log', 'checkpoint'],
  guarantee: `An answer of 204 says that the records were passed on, not that they were stored: what stands in the pipe
    when it breaks is lost. With --ack durable it says that the sink has stored them: whichever stage is killed, a sender
    that repeats what was not answered loses nothing. Entries may arrive twice either way. Rejected are 'invalid_labels'
    and 'invalid_timestamp'.`,
  args: [],
  options: {
    ...serverOptions('127.0.0.1:3100'),
    label: { type: 'map', help: 'label for every stream, instead of one that it brings', since },
    keep_timestamps: { type: 'bool', default: true, help: 'take the times of the entries, not those of arrival', since },
    ...ACK_OPTIONS,
    max_request_bytes: {
      type: 'bytes',
      default: '64MiB',
      help: 'largest push after decompression',
      since,
      group: 'Bounds',
    },
    max_elements: {
      type: 'int',
      default: 1_000_000,
      min: 1,
      help: 'most streams, entries and pairs of structured metadata in a push',
      since,
      group: 'Bounds',
    },
    max_identities: {
      type: 'int',
      default: 100_000,
      min: 1,
      help: 'streams remembered; those unseen for longest are forgotten first',
      since,
      group: 'Bounds',
    },
  },
  async check({ options }) {
    const { serverProblems } = await import('../../lib/net/server_check.js')
    throwAll([...labelProblems(options), ...ackProblems(options), ...serverProblems(options)])
  },
  examples: [
    {
      command: 'solder receive loki | solder view',
      about: 'look at what a client sends whose url is http://127.0.0.1:3100/loki/api/v1/push',
      needs: 'a sender',
    },
    {
      command:
        'solder receive loki --listen :3100 --ack durable --state state --label site=eu1' +
        " | solder filter 'labels.level != \"debug\"' | solder write loki http://loki.example:3100 --state state",
      about: 'answer senders when their entries are in the spool on disk, without the chatter',
      needs: 'a sender and a Loki',
    },
  ],
  async run({ options }, context) {
    const problems = [...labelProblems(options), ...ackProblems(options)]
    const { loadSnappy } = await import('../../lib/wire/snappy.js')
    const { LokiReceiver } = await import('../../lib/receive/loki.js')
    const { acksOf } = await import('../../lib/receive/acks.js')
    const { serveRequests } = await import('../../lib/receive/serve_requests.js')
    const acks = acksOf(`receive.loki/${options.listen}`, options, context)
    const receiver = new LokiReceiver({ ...options, snappy: await loadSnappy(), acks }, context)
    const post = (answer: (request: ServerRequest) => ReturnType<typeof receiver.raw>) => ({ methods: ['POST'], answer })
    const push = post((request) => receiver.push(request, 'v1'))
    const ready = { methods: ['GET', 'HEAD'], open: true, answer: async () => ({ status: 200, text: 'ready' }) }
    const routes = new Map([
      ['/loki/api/v1/push', push],
      ['/api/v1/push', push],
      ['/api/prom/push', post((request) => receiver.push(request, 'legacy'))],
      ['/loki/api/v1/raw', post((request) => receiver.raw(request))],
      ['/ready', ready],
    ])
    await serveRequests(options, routes, acks, context, problems, '/loki/api/v1/push')
  },
})

function labelProblems({ label }: { label: ReadonlyMap<string, string> }): Problem[] {
  return [...label.keys()]
    .filter((name) => !/^[A-Za-z_]\w*$/.test(name))
    .map((name) => new Problem(`--label: name '${name}' is not valid`, { expected: 'letters, digits and underscores' }))
}
