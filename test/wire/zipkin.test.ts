// Spans of Zipkin to records and back: v2 in JSON and protobuf, v1, hostile fields.

import protobuf from 'protobufjs'
import t from 'tap'
import type { Json } from '../../lib/record/json.js'
import type { Payload } from '../../lib/record/record.js'
import { Unfit } from '../../lib/wire/otlp/value.js'
import { spanOfRecord } from '../../lib/wire/zipkin/from_record.js'
import { decodeSpans, spanOfMessage } from '../../lib/wire/zipkin/protobuf.js'
import { BadSpan, readSpan, type ZipkinSpan } from '../../lib/wire/zipkin/span.js'
import { spanRecord } from '../../lib/wire/zipkin/to_record.js'
import { readV1Span } from '../../lib/wire/zipkin/v1.js'
import fc from '../support/property.js'

/** As it is told: without fields that say nothing. */
const told = (value: unknown) => JSON.parse(JSON.stringify(value)) as object
const recordOf = (span: object) => told(spanRecord(readSpan(span)))
const spanOf = (rest: { [key: string]: Json }, payload: Payload) => told(spanOfRecord(rest, payload))
const there = (span: object) => {
  const { rest, payload } = spanRecord(readSpan(span))
  return told(spanOfRecord(rest, payload))
}

/** Whether it throws an error of that class. */
function throwsA(known: new (message: string) => Error, work: () => unknown): boolean {
  try {
    work()
    return false
  } catch (error) {
    return error instanceof known
  }
}

const IDS = { traceId: '5982fe77008310cc80f1da5e10147517', id: 'bd7a977555f6b982' }
/** The example of zipkin-api. */
const EXAMPLE = {
  id: '352bff9a74ca9ad2', traceId: '5af7183fb1d4cf5f', parentId: '6b221d5bc9e6496c', name: 'get /api', timestamp: 1556604172355737,
  duration: 1431, kind: 'SERVER', localEndpoint: { serviceName: 'backend', ipv4: '192.168.99.1', port: 3306 },
  remoteEndpoint: { ipv4: '172.19.0.2', port: 58648 }, tags: { 'http.method': 'GET', 'http.path': '/api' },
}

t.test('a span, as the collector translates it', async (t) => {
  t.same(recordOf(EXAMPLE), {
    rest: { resource: { 'service.name': 'backend' } },
    payload: {
      ts: '1556604172355737000', end: '1556604172357168000', trace_id: '00000000000000005af7183fb1d4cf5f', span_id: '352bff9a74ca9ad2',
      parent_span_id: '6b221d5bc9e6496c', name: 'get /api', kind: 'server',
      attributes: {
        'http.method': 'GET', 'http.path': '/api', 'net.host.ip': '192.168.99.1', 'net.host.port': 3306, 'net.peer.ip': '172.19.0.2', 'net.peer.port': 58648,
      },
    },
  })
  t.same(there(EXAMPLE), EXAMPLE, 'and back')
})

t.test('what stands in tags', async (t) => {
  const tags = {
    'host.name': 'h', 'otel.library.name': 'lib', 'otel.library.version': '1', 'otlp.service.name.source': 'faas.name', 'w3c.tracestate': 'a=b',
    'otel.status_code': 'STATUS_CODE_ERROR', 'otel.status_description': 'no', error: 'true', 'span.kind': 'internal', 'otel.dropped_events_count': '3',
    'otlp.link.0': `${IDS.traceId}|${IDS.id}|s=t|{"a|b":1,"c":[1]}|2`, 'otlp.link.2': 'stays', plain: 'x',
  }
  const annotations = [{ timestamp: 5, value: 'bare' }, { timestamp: 6, value: 'ev|{"k":"v|w"}|1' }, { timestamp: 7, value: 'a|b' }, { timestamp: 8, value: 'a|{|1' }]
  t.match(recordOf({ ...IDS, timestamp: 1, tags, annotations, localEndpoint: { serviceName: 'fn' }, shared: true, debug: true }), {
    rest: { resource: { 'faas.name': 'fn', 'host.name': 'h' }, scope: { name: 'lib', version: '1' } },
    payload: {
      trace_state: 'a=b', kind: 'internal', status: { code: 'error', message: 'no' }, dropped_events_count: 3,
      links: [{ trace_id: IDS.traceId, span_id: IDS.id, trace_state: 's=t', attributes: { 'a|b': 1, c: '[1]' }, dropped_attributes_count: 2 }],
      events: [
        { ts: '5000', name: 'bare' }, { ts: '6000', name: 'ev', attributes: { k: 'v|w' }, dropped_attributes_count: 1 },
        { ts: '7000', name: 'a|b' }, { ts: '8000', name: 'a|{|1' },
      ],
      attributes: { plain: 'x', 'otlp.link.2': 'stays', 'zipkin.shared': true, 'zipkin.debug': true },
    },
  })
  const status = (tags: object) => (recordOf({ ...IDS, tags }) as { payload: { status: object; attributes: object } }).payload
  t.same(status({ error: '' }).status, { code: 'error' })
  t.same(status({ error: 'timed out' }).status, { code: 'error', message: 'timed out' })
  t.match(status({ error: 'false' }), { status: undefined, attributes: { error: 'false' } })
  t.same(status({ 'otel.status_code': 'OK' }).status, { code: 'ok' })
  t.match(status({ 'otel.status_code': 'odd' }).attributes, { 'otel.status_code': 'odd' })
  const none = recordOf({ ...IDS, duration: 5, parentId: IDS.id, localEndpoint: { serviceName: 'OTLPResourceNoServiceName' } })
  t.same(none, {
    rest: {},
    payload: { ts: '0', end: '5000', trace_id: IDS.traceId, span_id: IDS.id, attributes: { 'otel.zipkin.absentField.startTime': true } },
  })
})

t.test('a span of OpenTelemetry, as its specification says', async (t) => {
  const ids = { trace_id: IDS.traceId, span_id: IDS.id }
  const rest = { resource: { 'service.name': 'shop', 'host.name': 'h', n: 1 }, scope: { name: 'lib', version: '2' } }
  t.same(spanOf(rest, {
    ...ids, ts: '1500', end: '1600', name: 'call', kind: 'client', status: { code: 'error', message: 'no' }, trace_state: 'a=b', dropped_links_count: 1,
    attributes: { 'server.address': 'db.example', list: ['a', 1], whole: { $double: 1 }, error: 'old' }, events: [{ ts: '2499', name: 'e', attributes: { a: true } }],
    links: [{ trace_id: IDS.traceId, span_id: IDS.id }],
  }), {
    traceId: IDS.traceId, id: IDS.id, kind: 'CLIENT', name: 'call', timestamp: 2, duration: 1, localEndpoint: { serviceName: 'shop' },
    remoteEndpoint: { serviceName: 'db.example' }, annotations: [{ timestamp: 2, value: 'e|{"a":true}|0' }],
    tags: {
      'host.name': 'h', n: '1', 'otel.scope.name': 'lib', 'otel.scope.version': '2', 'server.address': 'db.example', list: '["a",1]', whole: '1',
      'w3c.tracestate': 'a=b', 'otel.status_code': 'ERROR', 'otel.status_description': 'no', error: 'no', 'otel.dropped_links_count': '1',
      'otlp.link.0': `${IDS.traceId}|${IDS.id}||{}|0`,
    },
  })
  t.same(spanOf({ resource: { 'k8s.deployment.name': 'd' } }, { ...ids, ts: '0', end: '0', kind: 'internal', status: { code: 'ok' } }), {
    traceId: IDS.traceId, id: IDS.id, localEndpoint: { serviceName: 'd' },
    tags: { 'otlp.service.name.source': 'k8s.deployment.name', 'span.kind': 'internal', 'otel.status_code': 'OK' },
  })
  for (const wrong of [{ trace_id: '0'.repeat(32) }, { span_id: 'x' }, { trace_id: undefined }, { ts: '-1' }, { events: 5 }, { attributes: [] }] as Payload[]) {
    t.ok(throwsA(Unfit, () => spanOf({}, { ...ids, ts: '0', ...wrong })), JSON.stringify(wrong))
  }
})

t.test('what is no span', async (t) => {
  const wrong = [
    null, [], 'x', {}, { traceId: '1' }, { ...IDS, traceId: '0' }, { ...IDS, id: 'g' }, { ...IDS, id: '12345678901234567' }, { ...IDS, parentId: 5 },
    { ...IDS, name: 5 }, { ...IDS, timestamp: 'x' }, { ...IDS, timestamp: -1 }, { ...IDS, duration: 2 ** 54 }, { ...IDS, tags: [] }, { ...IDS, tags: { a: {} } },
    { ...IDS, annotations: {} }, { ...IDS, annotations: [5] }, { ...IDS, localEndpoint: 'x' },
  ]
  for (const span of wrong) t.ok(throwsA(BadSpan, () => readSpan(span)), JSON.stringify(span))
  for (const span of [null, { ...IDS, annotations: [5] }, { ...IDS, binaryAnnotations: [{ key: 'a', value: {} }] }]) t.ok(throwsA(BadSpan, () => readV1Span(span)))
  t.match(readSpan({ traceId: 'A', id: 'B', parentId: '', kind: 'ODD', tags: { n: 1, b: true }, localEndpoint: { port: 99999 } }), {
    traceId: '000000000000000a', id: '000000000000000b', parentId: undefined, kind: undefined, tags: { n: '1', b: 'true' }, localEndpoint: { port: undefined },
  })
  t.same(recordOf({ ...IDS, tags: JSON.parse('{"__proto__":"x","constructor":"y"}') as object }), {
    rest: {}, payload: { ts: '0', end: '0', trace_id: IDS.traceId, span_id: IDS.id, attributes: JSON.parse('{"__proto__":"x","constructor":"y","otel.zipkin.absentField.startTime":true}') as object },
  })
  fc.assert(fc.property(fc.jsonValue(), fc.jsonValue(), fc.jsonValue(), (tags, annotations, endpoint) => {
    for (const read of [readSpan, readV1Span]) {
      try {
        spanRecord(read({ ...IDS, tags, annotations, binaryAnnotations: annotations, localEndpoint: endpoint, remoteEndpoint: endpoint }))
      } catch (error) {
        if (!(error instanceof BadSpan)) throw error
      }
    }
  }))
})

t.test('v1: annotations tell kind, times and endpoints', async (t) => {
  const endpoint = { serviceName: 'front', ipv4: '10.0.0.1', port: 80 }
  const annotations = [{ timestamp: 10, value: 'cs', endpoint }, { timestamp: 15, value: 'note', endpoint }, { timestamp: 30, value: 'cr', endpoint }]
  const binaryAnnotations = [
    { key: 'http.path', value: '/', endpoint }, { key: 'sa', value: true, endpoint: { serviceName: 'back', ipv6: '::1' } }, { key: 'lc', value: 'comp' },
  ]
  t.same(told(readV1Span({ ...IDS, name: 'get', annotations, binaryAnnotations, debug: true })), {
    ...IDS, kind: 'CLIENT', name: 'get', timestamp: 10, duration: 20, localEndpoint: endpoint, remoteEndpoint: { serviceName: 'back', ipv6: '::1' },
    annotations: [{ timestamp: 15, value: 'note' }], tags: { 'http.path': '/', component: 'comp' }, debug: true,
  })
  t.same(told(readV1Span({ ...IDS, timestamp: 5, duration: 7, annotations: [{ timestamp: 6, value: 'sr', endpoint: { serviceName: '' } }, { timestamp: 1, value: 'ss', endpoint }] })), {
    ...IDS, kind: 'SERVER', timestamp: 5, duration: 7, localEndpoint: endpoint, annotations: [], tags: {}, debug: false,
  })
  t.match(readV1Span({ ...IDS, binaryAnnotations: [{ key: 'lc', value: '', endpoint }] }), { kind: undefined, localEndpoint: endpoint, timestamp: undefined })
})

const SCHEMA = `
  syntax = "proto3";
  message Span {
    bytes trace_id = 1; bytes parent_id = 2; bytes id = 3; int32 kind = 4; string name = 5; fixed64 timestamp = 6; uint64 duration = 7;
    Endpoint local_endpoint = 8; Endpoint remote_endpoint = 9; repeated Annotation annotations = 10; map<string, string> tags = 11; bool debug = 12; bool shared = 13;
  }
  message Endpoint { string service_name = 1; bytes ipv4 = 2; bytes ipv6 = 3; int32 port = 4; }
  message Annotation { fixed64 timestamp = 1; string value = 2; }
  message ListOfSpans { repeated Span spans = 1; }`
const LIST = protobuf.parse(SCHEMA).root.lookupType('ListOfSpans')
const BOUNDS = { max_elements: 1000, max_depth: 10 }

t.test('protobuf says the same', async (t) => {
  const span = {
    traceId: Buffer.from('5af7183fb1d4cf5f', 'hex'), parentId: Buffer.from('6b221d5bc9e6496c', 'hex'), id: Buffer.from('352bff9a74ca9ad2', 'hex'), kind: 2,
    name: 'get /api', timestamp: 1556604172355737, duration: 1431, localEndpoint: { serviceName: 'backend', ipv4: Buffer.from([192, 168, 99, 1]), port: 3306 },
    remoteEndpoint: { ipv4: Buffer.from([172, 19, 0, 2]), port: 58648 }, tags: { 'http.method': 'GET', 'http.path': '/api' },
  }
  const [message, odd] = decodeSpans(Buffer.from(LIST.encode(LIST.fromObject({ spans: [span, { ...span, id: Buffer.alloc(8) }] })).finish()), BOUNDS)
  t.same(told(spanRecord(spanOfMessage(message))), recordOf(EXAMPLE))
  t.ok(throwsA(BadSpan, () => spanOfMessage(odd)))
  const ip = (hex: string) => spanOfMessage({ ...message, localEndpoint: { ipv6: hex } }).localEndpoint!.ipv6
  t.same(['00000000000000000000000000000001', '20010db8000000000001000000000000', '20010db80001000200030004000500ff', '00'].map(ip), ['::1', '2001:db8:0:0:1::', '2001:db8:1:2:3:4:5:ff', undefined])
  fc.assert(fc.property(fc.uint8Array(), (bytes) => {
    try {
      decodeSpans(Buffer.from(bytes), BOUNDS).map(spanOfMessage)
    } catch (error) {
      if (!(error instanceof Error)) throw error
    }
  }))
})

/** Spans that say nothing in words of OpenTelemetry. */
const hex = (length: number) => fc.stringMatching(new RegExp(`^[1-9a-f][0-9a-f]{${length - 1}}$`))
const text = fc.string({ minLength: 1 })
const micros = fc.integer({ min: 1, max: 2 ** 50 })
const endpoint = fc.record(
  { serviceName: text, ipv4: fc.ipV4(), port: fc.integer({ min: 1, max: 65535 }) }, { requiredKeys: [] },
).filter((endpoint) => Object.keys(endpoint).length > 0)
const spans = fc.record(
  {
    traceId: fc.oneof(hex(16), hex(32)), parentId: hex(16), id: hex(16), kind: fc.constantFrom('CLIENT', 'SERVER', 'PRODUCER', 'CONSUMER'), name: text,
    timestamp: micros, duration: micros, localEndpoint: endpoint, remoteEndpoint: endpoint,
    annotations: fc.array(fc.record({ timestamp: micros, value: fc.string().filter((value) => !value.includes('|')) }), { minLength: 1 }),
    tags: fc.dictionary(fc.string({ minLength: 1 }).map((name) => `t.${name}`), fc.string(), { minKeys: 1 }), debug: fc.constant(true), shared: fc.constant(true),
  },
  { requiredKeys: ['traceId', 'id'] },
).filter(({ id, parentId }) => id !== parentId) as fc.Arbitrary<ZipkinSpan>

t.test('what came from Zipkin goes as it came', async (t) => {
  fc.assert(fc.property(spans, (span) => {
    // A service has no name of the resource that is empty.
    t.same(there(span), told(span))
  }))
})
