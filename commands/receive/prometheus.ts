// receive prometheus: a server for Prometheus remote write, to records.

import { source } from '../../lib/component.js'
import { Problem, throwAll } from '../../lib/diag/problem.js'
import { serverOptions } from '../../lib/net/server_options.js'
import { ACK_OPTIONS, ackProblems } from '../../lib/receive/ack_options.js'

const since = '0.1.0'

export default source({
  name: 'receive prometheus',
  summary: 'take samples that Prometheus and others send by remote write',
  description: `
    A server for Prometheus remote write, 1.0 and 2.0, told apart by the Content-Type of each request. Samples become
    metric records, staleness markers, native histograms, exemplars and start times included; the metadata of 1.0 becomes
    metadata records, that of 2.0 the kind of every sample and a metadata record when it is new.

    A request is answered with 204 when its records are passed on; a reader that is slow makes senders wait. With --ack
    durable it is answered when the sink of the pipe has stored them: behind the records of each request goes a
    checkpoint, the sink commits it in --state, which is the same folder for both, and the answer waits for that. Without
    a commit within --ack-timeout, or with --max-waiting requests that wait, it is 503 and Retry-After. What stored means
    is up to the sink: 'write prometheus' has it in its spool, forced to the disk, 'write file' in the file. One commit is
    for all that came before it, so several senders, or one with several shards, get on faster than one alone.

    Series and
    samples that are wrong are left out, the others are taken, and the answer is 400 with the reasons, which a sender
    does not repeat. What is no snappy or no such message is 400 as a whole, what is over a bound is 413 and names the bound,
    another content is 415, wrong credentials are 401. Answers to 2.0 say how much was written.

    Listens on this machine only, unless --listen says otherwise. When asked to stop it takes no more connections,
    answers what is under way, and ends.`,
  since,
  accepts: [],
  emits: ['metadata', 'metric', 'checkpoint'],
  guarantee: `An answer of 204 says that the records were passed on, not that they were stored: what stands in the pipe
    when it breaks is lost. With --ack durable it says that the sink has stored them: whichever stage is killed, a sender
    that repeats what was not answered loses nothing. Samples may arrive twice either way. Rejected are 'invalid_series'
    and 'invalid_sample'; exemplars of series without a sample in the same request are dropped
    ('exemplar_without_sample').`,
  args: [],
  options: {
    ...serverOptions('127.0.0.1:9201'),
    ...ACK_OPTIONS,
    path: { type: 'string', value: 'PATH', default: '/api/v1/write', help: 'path of the URL', since },
    max_request_bytes: {
      type: 'bytes',
      default: '64MiB',
      help: 'largest request after decompression',
      since,
      group: 'Bounds',
    },
    max_elements: {
      type: 'int',
      default: 1_000_000,
      min: 1,
      help: 'most series, labels, samples, buckets and symbols in a request',
      since,
      group: 'Bounds',
    },
    max_identities: {
      type: 'int',
      default: 500_000,
      min: 1,
      help: 'series remembered; those unseen for longest are forgotten first',
      since,
      group: 'Bounds',
    },
  },
  async check({ options }) {
    const { serverProblems } = await import('../../lib/net/server_check.js')
    throwAll([...contradictions(options), ...serverProblems(options)])
  },
  examples: [
    {
      command: 'solder receive prometheus | solder view',
      about: 'look at what a Prometheus sends whose remote_write url is http://127.0.0.1:9201/api/v1/write',
      needs: 'a sender',
    },
    {
      command:
        'solder receive prometheus --listen :9201 --tls-cert cert.pem --tls-key key.pem --bearer env:TOKEN' +
        " | solder filter 'labels.env == \"prod\"' | solder write prometheus http://127.0.0.1:9090/api/v1/write",
      about: 'pass some of it on',
      needs: 'a sender and a receiver',
    },
    {
      command:
        'solder receive prometheus --ack durable --state state' +
        ' | solder write prometheus http://127.0.0.1:9090/api/v1/write --state state',
      about: 'answer senders when their samples are in the spool on disk',
      needs: 'a sender and a receiver',
    },
  ],
  async run({ options }, context) {
    const problems = contradictions(options)
    const { loadSnappy } = await import('../../lib/wire/snappy.js')
    const { RemoteWriteReceiver } = await import('../../lib/receive/remote_write.js')
    const { acksOf } = await import('../../lib/receive/acks.js')
    const { serveRequests } = await import('../../lib/receive/serve_requests.js')
    const acks = acksOf(`receive.prometheus/${options.listen}${options.path}`, options, context)
    const receiver = new RemoteWriteReceiver({ ...options, snappy: await loadSnappy(), acks }, context)
    const route = { methods: ['POST'], answer: receiver.answer.bind(receiver) }
    await serveRequests(options, new Map([[options.path, route]]), acks, context, problems, options.path)
  },
})

function contradictions(options: { path: string; ack: string; state: string | undefined }): Problem[] {
  const problems = ackProblems(options)
  if (!options.path.startsWith('/'))
    problems.unshift(new Problem(`--path: '${options.path}' is not valid`, { expected: 'a path such as /api/v1/write' }))
  return problems
}
