// Log entries from spans, and counts of what passes.

import t from 'tap'
import count from '../../../commands/derive/count.js'
import servicegraph from '../../../commands/derive/servicegraph.js'
import spanlogs from '../../../commands/derive/spanlogs.js'
import spanmetrics from '../../../commands/derive/spanmetrics.js'
import fc from '../../support/property.js'
import { sh } from '../../support/solder.js'
import { type Line, StageAtWork } from '../../support/stage.js'

const logs = (...words: string[]) => StageAtWork.of(spanlogs, ...words)
const counts = (...words: string[]) => StageAtWork.of(count, ...words)

const SPAN = {
  type: 'span', resource: { 'service.name': 'shop', pod: 'p 1' }, ts: '1000', end: '31000', trace_id: 'aa', span_id: '01', name: 'GET /', status: { code: 'error' },
  attributes: { 'http.status_code': 200, list: ['a', 1], 'ke y': 'x=y' }, events: [{ ts: '5', name: 'paid', attributes: { sum: 7 } }],
}
const CHILD = { ...SPAN, span_id: '02', parent_span_id: '01', status: undefined, events: undefined }
const bodies = (lines: readonly Line[]) => lines.filter(({ type }) => type === 'log').map(({ body }) => body)

t.test('lines of roots, unless something else is asked for', async (t) => {
  const work = await logs()
  t.match(work.take(SPAN, CHILD), [
    SPAN,
    { type: 'log', labels: { traces: 'root' }, ts: '31000', body: 'span="GET /" dur=30000ns status=Error svc=shop tid=aa', trace_id: 'aa', span_id: '01' },
    { span_id: '02' },
  ])
  t.equal(work.account.made, 1)
})

t.test('lines of spans, processes and events; attributes, labels, keys', async (t) => {
  const all = await logs('--spans', '--roots', '--processes', '--events', '--process-attribute', 'pod', '--span-attribute', 'http.status_code,list,none', '--span-attribute', 'ke y', '--event-attribute', 'sum')
  const fields = 'http.status_code=200 list="[\\"a\\",1]" key="x=y" svc=shop pod="p 1" tid=aa'
  t.same(bodies(all.take(SPAN, CHILD)), [
    `span="GET /" dur=30000ns status=Error ${fields}`,
    `span="GET /" dur=30000ns status=Error ${fields}`,
    'svc=shop pod="p 1" tid=aa',
    'event=paid sum=7 span="GET /" svc=shop pod="p 1" tid=aa',
    `span="GET /" dur=30000ns ${fields}`,
  ])
  t.same(bodies((await logs('--processes')).take(SPAN, CHILD, { ...SPAN, trace_id: 'bb' })), ['svc=shop tid=aa', 'svc=shop tid=bb'])
  const keyed = await logs('--events', '--spans', '--label', 'service,event', '--type-label', 'of', '--service-key', 'service', '--span-name-key', 'n', '--duration-key', 'd', '--status-key', 's', '--trace-id-key', 't')
  t.match(keyed.take(SPAN), [
    {},
    { labels: { of: 'span', service: 'shop', event: undefined }, body: 'n="GET /" d=30000ns s=Error service=shop t=aa' },
    { labels: { of: 'event', service: 'shop', event: 'paid' }, ts: '5', span_id: '01' },
  ])
})

t.test('streams are identities, remembered and bounded', async (t) => {
  const stdin = Array.from({ length: 50 }, (_, i) => JSON.stringify({ ...CHILD, resource: { 'service.name': `s${i % 3}` } })).join('\n')
  const run = await sh('solder derive spanlogs --spans --label svc --max-identities 2 --ledger', { stdin })
  t.equal(run.stdout.match(/"labels":\{"svc":"s0","traces":"span"\}/g)?.length, 17)
  t.match(run.stderr, /"in":50,"made":50,"out":100/)
})

t.test('counts of each kind', async (t) => {
  const work = await counts('all')
  const point = (name: string, code: string) => ({ type: 'metric', name, labels: { code }, resource: { 'service.name': 'shop' }, ts: '1', value: 1 })
  const log = { type: 'log', labels: { app: 'a' }, ts: '1', body: 'x' }
  t.equal(work.take(SPAN, CHILD, point('a', '1'), point('a', '2'), point('b', '1'), point('b', '1'), point('b', '2'), log).length, 8)
  t.match(work.end().map(({ name, value, resource }) => ({ name, value, resource })), [
    { name: 'trace.span.count', value: 2, resource: { pod: 'p 1' } },
    { name: 'trace.span.event.count', value: 1 },
    { name: 'metric.datapoint.count', value: 5, resource: { 'service.name': 'shop' } },
    { name: 'metric.count', value: 3 },
    { name: 'log.record.count', value: 1, resource: undefined },
  ])
})

t.test('conditions and attributes', async (t) => {
  const errors = await counts('spans', 'errors', '--where', 'status.code == "error"', '--where', 'attributes["http.status_code"] >= 500', '--attribute', 'http.status_code', '--attribute', 'pod')
  errors.take(SPAN, CHILD, { ...CHILD, attributes: { 'http.status_code': 503 } }, { ...CHILD, attributes: {} })
  t.match(errors.end(), [
    { name: 'errors', labels: { 'http.status_code': '200', pod: 'p 1' }, attributes: { 'http.status_code': 200 }, value: 1 },
    { labels: { 'http.status_code': '503' }, value: 1 },
  ])
  const events = await counts('spanevents', '--where', 'name == "paid" && trace_id == "aa" && resource.pod != ""', '--attribute', 'sum')
  events.take(SPAN, { ...SPAN, trace_id: 'bb' })
  t.match(events.end(), [{ name: 'trace.span.event.count', labels: { sum: '7' }, value: 1 }])
  const points = await counts('datapoints', '--attribute', 'code', '--attribute', 'none=x')
  const typed = { type: 'metric', name: 'a', labels: { code: '200' }, attributes: { code: 200 }, ts: '1', value: 1 }
  points.take(typed, { ...typed, labels: { code: '404' } }, { ...typed, labels: {} })
  t.match(points.end(), [
    { labels: { code: '200', none: 'x' }, attributes: { code: 200 }, value: 1 },
    { labels: { code: '404' }, attributes: undefined, value: 1 },
  ], 'an attribute is what its label says')
  const entries = await counts('logs', '--attribute', 'app', '--attribute', 'level=none')
  entries.take({ type: 'log', labels: { app: 'a' }, ts: '1', body: 'x', attributes: { level: 'info' } }, { type: 'log', ts: '1', body: 'x' })
  t.match(entries.end(), [{ labels: { app: 'a', level: 'info' }, value: 1 }], 'what lacks an attribute is not counted')
})

t.test('a condition that has no value counts nothing, and says so', async (t) => {
  const work = await counts('logs', '--where', '1 / severity_number == 1')
  work.take({ type: 'log', ts: '1', body: 'x', severity_number: 0 }, { type: 'log', ts: '1', body: 'x', severity_number: 0 }, { type: 'log', ts: '1', body: 'x', severity_number: 1 })
  t.match(work.end(), [{ value: 1 }])
  t.match(work.warned, [/no value: division by zero/, /no value 2 times/])
})

t.test('counts add up, by whatever attribute and however small the bounds', async () => {
  const word = fc.constantFrom('a', '__proto__', '', 'x')
  await fc.assert(
    fc.asyncProperty(fc.array(fc.dictionary(word, fc.oneof(word, fc.integer({ max: 2, min: 0 }))), { maxLength: 30 }), fc.integer({ min: 1, max: 4 }), async (all, max) => {
      const work = await counts('logs', '--attribute', 'a=', '--attribute', '__proto__=x', '--max-series', String(max))
      for (const attributes of all) work.take({ type: 'log', ts: '1', body: 'x', attributes })
      const out = work.end()
      if (out.reduce((sum, { value }) => sum + (value as number), 0) !== all.length) throw new Error(JSON.stringify(out))
    }),
    { numRuns: 50 },
  )
})

t.test('whatever a record holds, it passes as it is and nothing breaks', async () => {
  const stages: [unknown, string[]][] = [
    [count, ['all', '--attribute', 'a=', '--where', 'attributes.a != null || kind == "x" || name.startsWith("q")', '--where', 'true']],
    [spanlogs, ['--spans', '--roots', '--processes', '--events', '--span-attribute', 'a', '--event-attribute', 'a', '--process-attribute', 'a', '--label', 'a,svc']],
    [spanmetrics, ['--dimension', 'a', '--events', '--event-dimension', 'a', '--exemplars', '--scope-dimensions', '--histogram', 'exponential']],
    [servicegraph, ['--dimension', 'a', '--virtual-node-label']],
  ]
  const odd = fc.jsonValue({ maxDepth: 2 })
  const tagged = fc.constantFrom({ $int: 'x' }, { $double: {} }, { $bytes: 5 }, { $map: 7 }, { $int: '1' })
  const map = fc.dictionary(fc.constantFrom('a', 'service.name', 'db.name', '__proto__'), fc.oneof(odd, tagged))
  const line = fc.record(
    {
      type: fc.constantFrom('span', 'log'), ts: fc.constantFrom('0', '-1', '99999999999999999999'), end: fc.constantFrom('0', '-7', '18446744073709551615'),
      resource: map, scope: map, attributes: map, name: odd, kind: fc.oneof(odd, fc.constantFrom('client', 'server')), status: odd,
      events: fc.oneof(odd, fc.array(fc.record({ name: odd, ts: odd, attributes: fc.oneof(odd, map) }))), trace_id: odd, span_id: odd, parent_span_id: odd,
    },
    { requiredKeys: ['type', 'ts', 'kind'] },
  ).filter(({ type, kind }) => type === 'span' ? typeof kind === 'string' : true)
  await fc.assert(
    fc.asyncProperty(fc.array(line, { maxLength: 6 }), async (lines) => {
      for (const [component, words] of stages) {
        const work = await StageAtWork.of(component, ...words)
        const taken = lines.filter(({ type, kind }) => (type === 'span' || component === count) && (kind === undefined || typeof kind === 'string'))
        const out = [...work.take(...taken), ...work.end()]
        if (out.length !== taken.length + work.account.made) throw new Error(`${out.length} of ${taken.length} and ${work.account.made}`)
      }
    }),
    { numRuns: 50 },
  )
})
