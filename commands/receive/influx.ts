// receive influx: a server for writes of InfluxDB's clients, to samples.

import { source } from '../../lib/component.js'
import { throwAll } from '../../lib/diag/problem.js'
import type { Route, ServerAnswer, ServerRequest } from '../../lib/net/server.js'
import { serverOptions } from '../../lib/net/server_options.js'
import { ACK_OPTIONS, ackProblems } from '../../lib/receive/ack_options.js'
import { SERIES_OPTIONS } from '../../lib/receive/series.js'

const since = '0.1.0'
const BOUNDS = { since, group: 'Bounds' } as const

export default source({
  name: 'receive influx',
  summary: "take metrics that Telegraf and InfluxDB's clients write, in line protocol",
  description: `
    A server for writes as InfluxDB 1 (/write) and 2 (/api/v2/write) take them, also with gzip or deflate, with a precision
    of n, u, ms, s, m or h; database, bucket and organisation do not matter. /ping and /health tell that the server listens,
    and /query answers CREATE DATABASE as if it had. A token is --bearer, whether clients call it Bearer or Token.

    Each field becomes a sample of the metric measurement_field with the tags as labels; what is no letter, digit or
    underscore in names is an underscore (--names utf8 keeps it). Floats and whole numbers, signed and unsigned, are
    values, true and false 1 and 0. Text has no place in a metric: it is left out, and counted. Without a time it is that
    of arrival.

    A write is answered with 204 when its samples are passed on; a reader that is slow makes senders wait. With --ack
    durable it is answered when the sink of the pipe has stored them and committed that in --state, which is the same
    folder for both; without a commit within --ack-timeout it is 503 and Retry-After. Where lines are wrong the others are
    taken, and the answer is 400 with line, column and what was expected. What is over a bound is 413.`,
  since,
  accepts: [],
  emits: ['metric', 'checkpoint'],
  guarantee: `An answer of 204 says that the samples were passed on, not that they were stored: what stands in the pipe
    when it breaks is lost. With --ack durable it says that the sink has stored them: a sender that repeats what was not
    answered loses nothing. Samples may arrive twice either way. Rejected are lines that are none or too long ('bad_line'); fields that
    hold text are dropped ('text_field').`,
  args: [],
  options: {
    ...serverOptions('127.0.0.1:8086'),
    ...ACK_OPTIONS,
    ...SERIES_OPTIONS,
    max_request_bytes: { ...BOUNDS, type: 'bytes', default: '64MiB', help: 'largest write after decompression' },
    max_line_bytes: { ...BOUNDS, type: 'bytes', default: '1MiB', help: 'longest line; longer ones are rejected' },
    max_identities: { ...BOUNDS, type: 'int', default: 100_000, min: 1, help: 'measurements with their tags remembered' },
  },
  async check({ options }) {
    const { serverProblems } = await import('../../lib/net/server_check.js')
    throwAll([...ackProblems(options), ...serverProblems(options)])
  },
  examples: [
    {
      command: 'solder receive influx | solder view',
      about: 'look at what comes, e.g. from "curl 127.0.0.1:8086/write -d \'cpu,host=a user=12\'"',
      needs: 'a sender',
    },
    {
      command:
        'solder receive influx --listen :8086 --bearer env:INFLUX_TOKEN --ack durable --state state' +
        ' | solder write prometheus http://127.0.0.1:9090/api/v1/write --state state',
      about: 'what Telegraf writes goes to Prometheus, and is answered when it is on disk',
      needs: 'senders and a receiver',
    },
  ],
  async run({ options }, context) {
    const { acksOf } = await import('../../lib/receive/acks.js')
    const { INFLUX_ANSWERS, InfluxReceiver } = await import('../../lib/receive/influx.js')
    const { serveRequests } = await import('../../lib/receive/serve_requests.js')
    const acks = acksOf(`receive.influx/${options.listen}`, options, context)
    const receiver = new InfluxReceiver({ ...options, acks }, context)
    const write = { methods: ['POST'], answer: (request: ServerRequest) => receiver.write(request) }
    const fixed = (answer: ServerAnswer, methods: string[]) => ({ methods, open: true, answer: async () => answer })
    const routes = new Map<string, Route>([
      ['/write', write],
      ['/api/v2/write', write],
      ['/ping', fixed(INFLUX_ANSWERS.ping, ['GET', 'HEAD'])],
      ['/health', fixed(INFLUX_ANSWERS.health, ['GET'])],
      ['/query', fixed(INFLUX_ANSWERS.query, ['GET', 'POST'])],
    ])
    await serveRequests(options, routes, acks, context, ackProblems(options), '/')
  },
})
