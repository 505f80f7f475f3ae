// OTLP: any message is the same message after protobuf, after JSON, and after records and their lines; and wrong ones.

import t from 'tap'
import { decodeLine, type Record, tailText } from '../../lib/record/index.js'
import { parseMessage, messageText } from '../../lib/wire/otlp/json.js'
import { ExportRequest } from '../../lib/wire/otlp/export_request.js'
import type { LogsRequest, MetricsRequest, TracesRequest } from '../../lib/wire/otlp/message.js'
import { decodeMessage, encodeMessage } from '../../lib/wire/otlp/protobuf.js'
import { recordsOf } from '../../lib/wire/otlp/records.js'
import { REQUESTS, type Signal, SIGNALS } from '../../lib/wire/otlp/schema.js'
import { textOf } from '../../lib/wire/otlp/value.js'
import { messages, profileRequests, resolvedProfiles } from '../support/otlp_messages.js'
import fc from '../support/property.js'

const BOUNDS = { max_elements: 100_000, max_depth: 64 }
/** Without what says nothing: defaults, empty lists and empty messages that mean the same as none; keys in order. */
function normal(value: unknown, name = ''): unknown {
  if (Array.isArray(value)) {
    const items = value.map((item) => normal(item, 'item'))
    return items.some((item) => typeof item === 'object' && 'key' in (item as object)) || KEYED.has(name)
      ? items.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))
      : items
  }
  if (typeof value !== 'object' || value === null) return value
  const fields = Object.entries(value)
    .map(([key, inner]) => [key, normal(inner, key)] as const)
    .filter(([key, inner]) => PRESENT.has(key) || !isNothing(inner))
    .sort(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(fields)
}

const KEYED = new Set(['attributes', 'filteredAttributes', 'metadata'])
const PRESENT = new Set([
  'stringValue', 'boolValue', 'intValue', 'doubleValue', 'arrayValue', 'kvlistValue', 'bytesValue', 'asInt', 'asDouble', 'sum',
  'min', 'max', 'body', 'positive', 'negative', 'gauge', 'histogram', 'exponentialHistogram', 'summary',
])

function isNothing(value: unknown): boolean {
  if (typeof value === 'object' && value !== null) return Object.keys(value).length === 0
  return value === '' || value === '0' || value === false || Object.is(value, 0) || value === undefined
}

/** A request as a set: what was measured, each with all that it stands in. */
function flat(signal: Signal, request: object): string[] {
  const [resources, scopes, items] = {
    traces: ['resourceSpans', 'scopeSpans', 'spans'],
    logs: ['resourceLogs', 'scopeLogs', 'logRecords'],
    metrics: ['resourceMetrics', 'scopeMetrics', 'metrics'],
    profiles: ['resourceProfiles', 'scopeProfiles', 'profiles'],
  }[signal]
  const list = (from: unknown, key: string) => ((from as { [key: string]: unknown })[key] ?? []) as { [key: string]: unknown }[]
  const all: unknown[] = []
  for (const inResource of list(signal === 'profiles' ? resolvedProfiles(request) : request, resources)) {
    for (const inScope of list(inResource, scopes)) {
      for (const item of list(inScope, items)) {
        const where = [inResource.resource ?? {}, inResource.schemaUrl ?? '', inScope.scope ?? {}, inScope.schemaUrl ?? '']
        if (signal !== 'metrics') all.push([...where, item])
        for (const form of ['gauge', 'sum', 'histogram', 'exponentialHistogram', 'summary']) {
          if (signal !== 'metrics' || item[form] === undefined) continue
          const { dataPoints = [], ...about } = item[form] as { dataPoints?: unknown[] }
          for (const point of dataPoints) {
            // The sum of a summary cannot be absent: 0 says nothing there.
            const { sum, ...rest } = point as { sum?: unknown }
            all.push([...where, { ...item, [form]: about }, form === 'summary' && Object.is(sum, 0) ? rest : point])
          }
        }
      }
    }
  }
  const words = (_: string, value: unknown) =>
    typeof value === 'number' && (!Number.isFinite(value) || Object.is(value, -0)) ? `number ${1 / value} ${value}` : value
  return all.map((one) => JSON.stringify(normal(one), words)).sort()
}

/** Records through the lines that stand for them between processes. */
function throughLines(records: readonly Record[]): Record[] {
  return records.map(({ identity, payload }) => {
    const line = Buffer.concat([identity.prefix, Buffer.from(tailText(identity, payload))])
    const record = decodeLine(line.subarray(0, -1))
    if ('reason' in record) throw new Error(`${record.detail}: ${line.toString()}`)
    return record
  })
}

for (const signal of SIGNALS) {
  const type = REQUESTS[signal]
  const arbitrary = (depth: number) => (signal === 'profiles' ? profileRequests(depth) : messages(type, depth))
  t.test(`${signal}: protobuf, JSON and records keep any message`, async (t) => {
    fc.assert(
      fc.property(arbitrary(9), (message) => {
        const expected = flat(signal, message)
        const decoded = decodeMessage<object>(encodeMessage(message, type), type, BOUNDS)
        t.strictSame(flat(signal, decoded), expected, 'protobuf')
        const parsed = parseMessage<object>(messageText(message), type, BOUNDS)
        t.strictSame(flat(signal, parsed), expected, 'JSON')
        const request = new ExportRequest(signal)
        for (const { identity, payload } of throughLines(recordsOf(signal, decoded))) request.add(identity, payload)
        const again = flat(signal, decodeMessage<object>(request.finish(), type, BOUNDS))
        t.strictSame(again, expected, 'records')
        return again.join() === expected.join()
      }),
      { numRuns: 60 },
    )
  })

  t.test(`${signal}: bytes that are no message are an error, and nothing else`, async () => {
    fc.assert(
      fc.property(arbitrary(7), fc.nat(), fc.nat({ max: 255 }), (message, at, byte) => {
        const bytes = Buffer.from(encodeMessage(message, type))
        if (bytes.length > 0) bytes[at % bytes.length] = byte
        for (const broken of [bytes, bytes.subarray(0, at % (bytes.length + 1))]) {
          try {
            throughLines(recordsOf(signal, decodeMessage(broken, type, BOUNDS)))
          } catch (error) {
            if (!(error instanceof Error) || error instanceof TypeError) throw error
          }
        }
      }),
      { numRuns: 60 },
    )
  })
}

const traces = (span: object) => ({ resourceSpans: [{ scopeSpans: [{ spans: [span] }] }] })
const parse = (value: unknown) =>
  parseMessage<TracesRequest>(typeof value === 'string' ? value : JSON.stringify(value), REQUESTS.traces, BOUNDS)

t.test('JSON: forms that a sender may choose', async (t) => {
  const spanOf = (span: object) => parse(traces(span)).resourceSpans![0].scopeSpans![0].spans![0]
  t.strictSame(spanOf({ traceId: 'ABCD', kind: 2, unheardOf: [1], name: null, flags: '7' }), { traceId: 'abcd', kind: 2, flags: 7 })
  const attributes = [{ key: 'a', value: { intValue: 5 } }, { key: 'b', value: { doubleValue: 'NaN' } }]
  t.strictSame(spanOf({ attributes }).attributes, [
    { key: 'a', value: { intValue: '5' } },
    { key: 'b', value: { doubleValue: NaN } },
  ])
  const long = JSON.stringify(traces({ name: 'a 1544712660123456789', startTimeUnixNano: 0 }))
  const exact = parse(long.replace(':0}', ':1544712660123456789}')).resourceSpans![0].scopeSpans![0].spans![0]
  t.strictSame(exact, { name: 'a 1544712660123456789', startTimeUnixNano: '1544712660123456789' }, 'numbers beyond 2^53')
  const mixed = parse('{"resourceSpans":[{"scopeSpans":[{"spans":[{"startTimeUnixNano":1544712660123456789,' +
    '"attributes":[{"value":{"doubleValue":0.0000010000000000000002}},{"value":{"doubleValue":1e-0000000000000000007}}]}]}]}]}')
  t.strictSame(mixed.resourceSpans![0].scopeSpans![0].spans![0], {
    startTimeUnixNano: '1544712660123456789',
    attributes: [{ value: { doubleValue: 0.0000010000000000000002 } }, { value: { doubleValue: 1e-7 } }],
  }, 'beside fractions with as many digits')
})

t.test('JSON: wrong ones say where', async (t) => {
  t.throws(() => parse(traces({ traceId: 'xyz' })), { message: 'traceId: expected hexadecimal digits, two for each byte' })
  t.throws(() => parse(traces({ kind: 'SPAN_KIND_SERVER' })), { message: 'kind: expected a whole number' })
  t.throws(() => parse(traces({ startTimeUnixNano: '-1' })), { message: 'startTimeUnixNano: expected a number from 0 to 18446744073709551615' })
  t.throws(() => parse(traces({ attributes: {} })), { message: 'attributes: expected a list' })
  t.throws(() => parse([]), { message: 'request: expected an object' })
  t.throws(() => parse('{"resourceSpans":[{'))
})

t.test('bounds', async (t) => {
  let value: object = { stringValue: 'deep' }
  for (let i = 0; i < 100; i++) value = { arrayValue: { values: [value] } }
  const deep = traces({ attributes: [{ key: 'a', value }] })
  t.throws(() => parse(deep), { message: 'nested too deep' })
  t.throws(() => decodeMessage(encodeMessage(deep, REQUESTS.traces), REQUESTS.traces, BOUNDS), { message: 'nested too deep' })
  const many = encodeMessage(traces({ attributes: Array.from({ length: 50 }, () => ({ key: 'a' })) }), REQUESTS.traces)
  t.throws(() => decodeMessage(many, REQUESTS.traces, { max_elements: 20, max_depth: 9 }), { message: 'too many elements' })
})

t.test('records read as people expect', async (t) => {
  const log: LogsRequest = {
    resourceLogs: [
      {
        resource: { attributes: [{ key: 'service.name', value: { stringValue: 'shop' } }] },
        scopeLogs: [{ logRecords: [{ observedTimeUnixNano: '7', severityText: 'INFO', body: { kvlistValue: {} } }] }],
      },
    ],
  }
  const metric: MetricsRequest = {
    resourceMetrics: [
      {
        scopeMetrics: [
          {
            metrics: [
              {
                name: 'hits',
                unit: '1',
                description: 'Hits.',
                sum: {
                  aggregationTemporality: 2,
                  isMonotonic: true,
                  dataPoints: [{ timeUnixNano: '9', asInt: '5', attributes: [{ key: 'code', value: { intValue: '200' } }] }],
                },
              },
            ],
          },
        ],
      },
    ],
  }
  const line = ({ identity, payload }: Record) => identity.prefix.toString() + tailText(identity, payload)
  t.equal(
    line(recordsOf('logs', log)[0]),
    '{"type":"log","resource":{"service.name":"shop"},"ts":"7","observed":"7","untimed":true,"body":{},"severity":"INFO"}\n',
  )
  t.equal(
    line(recordsOf('metrics', metric)[0]),
    '{"type":"metric","name":"hits","labels":{"code":"200"},"attributes":{"code":200},"kind":"counter","unit":"1",' +
      '"help":"Hits.","temporality":"cumulative","monotonic":true,"ts":"9","value":5,"int":true}\n',
  )
})

t.test('what a stage has changed goes out as it is', async (t) => {
  const records = recordsOf('metrics', {
    resourceMetrics: [
      { scopeMetrics: [{ metrics: [{ name: 'm', gauge: { dataPoints: [{ asInt: '9007199254740993', attributes: [{ key: 'n', value: { intValue: '1' } }] }] } }] }] },
    ],
  })
  const request = new ExportRequest('metrics')
  const [{ identity, payload }] = records
  request.add(identity.with('m', ['n', '2']), { ...payload, value: 4.5 })
  const { resourceMetrics } = decodeMessage<MetricsRequest>(request.finish(), REQUESTS.metrics, BOUNDS)
  t.strictSame(resourceMetrics![0].scopeMetrics![0].metrics![0].gauge!.dataPoints, [
    { attributes: [{ key: 'n', value: { stringValue: '2' } }], asDouble: 4.5 },
  ])
  t.throws(() => request.add(identity, { ts: '1', exemplars: 5, value: 1 }), { message: '5: expected a list' })
})

t.test('text of values', async (t) => {
  const cases: readonly (readonly [Parameters<typeof textOf>[0], string])[] = [
    ['a', 'a'], [true, 'true'], [5, '5'], [{ $double: 1 }, '1'], [0.5, '0.5'], [1e-7, '1e-07'], [{ $double: 1e21 }, '1e+21'],
    [{ $int: '9007199254740993' }, '9007199254740993'], [{ $bytes: 'AAE=' }, 'AAE='], [null, ''],
    [['a', 1, { $double: 2 }], '["a",1,2]'], [{ b: { c: null } }, '{"b":{"c":null}}'], [{ $double: 'NaN' }, 'NaN'],
  ]
  for (const [json, expected] of cases) t.equal(textOf(json), expected)
})
