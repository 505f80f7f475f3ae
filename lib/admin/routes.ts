// What the admin server answers, each with the facts that its OpenAPI description is made from.

import type { ServerAnswer, ServerRequest } from '../net/server.js'
import { complaint, type RunningPipeline } from '../supervisor/run.js'
import { CONTENT_TYPES, familiesOf, render } from './metrics.js'
import { ledgerOf, statusOf } from './state.js'
import { tapAnswer } from './tap.js'

export interface Parameter {
  readonly name: string
  readonly about: string
  readonly type: 'string' | 'integer' | 'boolean'
  readonly required?: boolean
}

export interface AdminRoute {
  readonly path: string
  readonly method: 'GET' | 'POST'
  /** Whether anybody may ask. */
  readonly open?: boolean
  /** A sentence. */
  readonly about: string
  readonly parameters?: readonly Parameter[]
  /** What each status means. */
  readonly answers: { readonly [status: number]: string }
  /** Content-Type of what it answers with. */
  readonly type: string
  answer(request: ServerRequest, running: RunningPipeline): ServerAnswer | Promise<ServerAnswer>
}

const TEXT = 'text/plain'
const JSON_TYPE = 'application/json'

export function json(value: unknown, status = 200): ServerAnswer {
  return { status, headers: { 'content-type': JSON_TYPE }, body: `${JSON.stringify(value)}\n` }
}

export const ROUTES: readonly AdminRoute[] = [
  {
    path: '/-/healthy',
    method: 'GET',
    open: true,
    about: 'Whether the supervisor lives.',
    answers: { 200: 'It does.' },
    type: TEXT,
    answer: () => ({ status: 200, text: 'healthy' }),
  },
  {
    path: '/-/ready',
    method: 'GET',
    open: true,
    about: 'Whether every pipe runs, or is done.',
    answers: { 200: 'They do.', 503: 'What does not, a line each.' },
    type: TEXT,
    answer(_, { supervisor }) {
      const why = supervisor.unready()
      return why.length === 0 ? { status: 200, text: 'ready' } : { status: 503, text: why.join('\n') }
    },
  },
  {
    path: '/-/reload',
    method: 'POST',
    about: 'Reads the pipeline files again and goes over to what they say, as a whole or not at all.',
    answers: { 200: 'What was started, stopped, and left alone.', 422: 'What is wrong; nothing has changed.' },
    type: JSON_TYPE,
    async answer(_, running) {
      try {
        return json(await running.reload('POST /-/reload'))
      } catch (error) {
        return { status: 422, text: complaint(error) }
      }
    },
  },
  {
    path: '/metrics',
    method: 'GET',
    about: 'Metrics of every stage, every pipe and the supervisor, as Prometheus text or, where that is asked for, OpenMetrics.',
    answers: { 200: 'The metrics.' },
    type: TEXT,
    async answer({ headers }, { supervisor, events }) {
      await supervisor.look()
      const format = /\bapplication\/openmetrics-text\b/.test(headers.accept ?? '') ? 'openmetrics' : 'text'
      const body = render(familiesOf(supervisor, events), format)
      return { status: 200, headers: { 'content-type': CONTENT_TYPES[format] }, body }
    },
  },
  {
    path: '/api/v1/pipes',
    method: 'GET',
    about: 'The pipes, their processes, and the accounts of their stages over all processes that they had.',
    answers: { 200: '{"pipes":[{"name","state","pid","exit_code","restarts","started","cpu_seconds","rss_bytes","stages"}]}' },
    type: JSON_TYPE,
    async answer(_, { supervisor }) {
      await supervisor.look()
      return json({ pipes: supervisor.pipes.map(statusOf) })
    },
  },
  {
    path: '/api/v1/ledger',
    method: 'GET',
    about: 'The accounts of the stages of the processes of the moment, and what does not add up.',
    answers: { 200: '{"pipes":[{"name","stages","junctions","gaps"}]}' },
    type: JSON_TYPE,
    async answer(_, { supervisor }) {
      await supervisor.look()
      return json({ pipes: supervisor.pipes.map(ledgerOf) })
    },
  },
  {
    path: '/api/v1/tap',
    method: 'GET',
    about:
      "Records that pass a stage, as server-sent events, one each, until the client goes; 'missed' events say how many were passed over.",
    parameters: [
      { name: 'pipe', about: 'Name of the pipe.', type: 'string', required: true },
      { name: 'stage', about: 'Id of the stage, as in /api/v1/pipes; what goes into the sink if absent.', type: 'string' },
      { name: 'where', about: 'A CEL expression that records have to fulfil.', type: 'string' },
      { name: 'rate', about: 'Most records a second.', type: 'integer' },
      { name: 'sample', about: 'Whether those are chosen at random.', type: 'boolean' },
    ],
    answers: { 200: 'The events.', 400: 'A parameter is wrong.', 404: 'There is no such pipe or stage.' },
    type: 'text/event-stream',
    answer: tapAnswer,
  },
]
