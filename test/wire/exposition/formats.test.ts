// The exposition formats, entry by entry: what each says, what it refuses and where.

import { existsSync, readFileSync } from 'node:fs'
import t from 'tap'
import { Problem } from '../../../lib/diag/problem.js'
import { canonical, type Json } from '../../../lib/record/json.js'
import { labelPairs, labelsOf } from '../../../lib/record/labels.js'
import {
  checkExposition, type ExpositionFormat, type ExpositionOptions, type ExpositionParser, formatOf, guessFormat, openParser, recordsOf,
} from '../../../lib/wire/exposition/index.js'
import { floatLabel, parseNumber } from '../../../lib/wire/exposition/number.js'
import { ByteBuffer } from '../../../lib/record/bytes.js'
import { ROOT } from '../../support/solder.js'
import { encodeFamilies } from './encode.js'

/** One line an entry, in the order of the body. */
function shown(body: string | Buffer, format: ExpositionFormat, options: ExpositionOptions = {}): string[] {
  const parser = openParser(Buffer.from(body), format, options)
  const lines: string[] = []
  for (let kind = parser.next(); kind !== null; kind = parser.next()) {
    if (kind === 'comment') lines.push(parser.text)
    else if (kind === 'series' || kind === 'histogram') lines.push(sample(kind, parser))
    else lines.push(`${kind} ${parser.metric} ${JSON.stringify(parser.text)}`)
  }
  return lines
}

function sample(kind: string, parser: ExpositionParser): string {
  const labels = [...labelPairs(parser.labels())].map(([name, value]) => `${name}=${value}`).join(' ')
  const parts = [labels, kind === 'series' ? String(parser.value) : JSON.stringify(parser.histogram)]
  if (parser.timestamp !== undefined) parts.push(`at ${parser.timestamp}`)
  if (parser.startTimestamp !== undefined) parts.push(`since ${parser.startTimestamp}`)
  for (const exemplar of parser.exemplars()) parts.push(canonical(exemplar as unknown as Json))
  return parts.join(' | ')
}

function problemOf(body: string | Buffer, format: ExpositionFormat, options: ExpositionOptions = {}): Problem | undefined {
  try {
    shown(body, format, options)
  } catch (error) {
    if (error instanceof Problem) return error
    throw error
  }
  return undefined
}

/** `line:column message` of what is wrong. */
function wrong(body: string | Buffer, format: ExpositionFormat, options: ExpositionOptions = {}): string | undefined {
  const problem = problemOf(body, format, options)
  return problem && `${problem.place?.line}:${problem.place?.column} ${problem.message}`
}

t.test('text: series, metadata and comments', async (t) => {
  t.same(shown('', 'text'), [])
  t.same(shown('\n \t\n', 'text'), [])
  const body = [
    '# HELP a_total Back\\\\slash, line\\nfeed, \\"quote\\".',
    '#\tTYPE\ta_total\tcounter',
    ' a_total { z = "1" b="x\\"y\\\\z\\nw" , } +1.5e3 \t 1234 ',
    'a_total{}.5',
    '  # just a comment',
    '# HELP a_total',
    '# EOF',
    'a:b NaN',
    'c{d="line\nfeed"} -inf 0',
    '{"a.b","c d"="e"} 0x',
  ].join('\n')
  t.same(shown(body.slice(0, body.lastIndexOf('\n')), 'text'), [
    'help a_total "Back\\\\slash, line\\nfeed, \\\\\\"quote\\\\\\"."',
    'type a_total "counter"',
    '__name__=a_total b=x"y\\z\nw z=1 | 1500 | at 1234',
    '__name__=a_total | 0.5',
    '# just a comment',
    'help a_total ""',
    '# EOF',
    '__name__=a:b | NaN',
    '__name__=c d=line\nfeed | -Infinity | at 0',
  ])
  t.equal(wrong(body, 'text'), "11:19 not a number a double can hold: '0x'")
})

t.test('text: the key is the series as it stands', async (t) => {
  const parser = openParser(Buffer.from('a 1\nb { c="d" } 2'), 'text', {})
  const keys: string[] = []
  while (parser.next() !== null) keys.push(parser.buffer.toString('latin1', parser.keyStart, parser.keyEnd))
  t.same(keys, ['a', 'b { c="d" }'])
})

t.test('text: errors tell line, column and what was expected', async (t) => {
  const cases: [string, string][] = [
    ['a 1\nb\n', '2:2 no value after the metric'],
    ['a 1\r\n', '1:4 a carriage return after the value'],
    ['a 1 2\r\n', '1:6 more than a sample'],
    ['a 1 -2\n', '1:5 not a timestamp'],
    ['a 1 99999999999999999999\n', '1:5 a timestamp beyond 64 bits'],
    ['a 1e400\n', "1:3 not a number a double can hold: '1e400'"],
    ['é 1\n', '1:1 this begins nothing'],
    ['a{é="1"} 1\n', '1:3 no label name here'],
    ['a{b="é",1c="d"} 1\n', '1:9 no label name here'],
    ['a{b} 1\n', '1:4 no value for the label'],
    ['a{b="c} 1\n', '1:5 the label value does not end'],
    ['{"a","b"} 1\n', '1:6 a second metric name'],
    ['{b="c"} 1\n', '1:1 a series without a name'],
    ['{""} 1\n', '1:2 an empty name'],
    ['a{""="c"} 1\n', '1:3 an empty name'],
    ['# TYPE a countr\n', "1:10 'countr' is no metric type"],
    ['# TYPE a unknown\n', "1:10 'unknown' is no metric type"],
    ['# HELP 1\n', '1:8 no metric name after HELP'],
    ['\0a 1\n', '1:1 this begins nothing'],
  ]
  for (const [body, expected] of cases) t.equal(wrong(body, 'text'), expected, JSON.stringify(body))
  t.equal(wrong(Buffer.from('a{b="\xff"} 1\n', 'latin1'), 'text'), '1:5 the label value is not valid UTF-8')
  t.equal(wrong(Buffer.from('# HELP a \xff\n', 'latin1'), 'text'), '1:10 the help text is not valid UTF-8')
  const problem = problemOf('ok 1\na{b="c"} x y\n', 'text', { name: 'f.prom' })!
  t.same(problem.place, { file: 'f.prom', line: 2, column: 10, length: 1, source: 'a{b="c"} x y' })
  t.equal(problem.expected, 'a number, NaN, +Inf or -Inf')
  t.equal(wrong('{"a.b"} 1\n', 'text', { legacyNames: true }), '1:2 a name that the legacy rules do not allow')
  t.same(shown('{"a_b","c"="d"} 1\n', 'text', { legacyNames: true }), ['__name__=a_b c=d | 1'])
})

t.test('le and quantile are spelled as OpenMetrics wants, in their types alone', async (t) => {
  const series = 'a_bucket{le="1"} 1\na{quantile="1"} 1\n'
  t.same(shown(`# TYPE a histogram\n${series}`, 'text'), ['type a "histogram"', '__name__=a_bucket le=1.0 | 1', '__name__=a quantile=1 | 1'])
  t.same(shown(`# TYPE a summary\n${series}`, 'text'), ['type a "summary"', '__name__=a_bucket le=1 | 1', '__name__=a quantile=1.0 | 1'])
  const spellings: [number, string][] = [
    [0, '0.0'], [-0, '0.0'], [1, '1.0'], [10, '10.0'], [0.25, '0.25'], [123456, '123456.0'], [1e6, '1e+06'], [1234567, '1.234567e+06'],
    [1e21, '1e+21'], [0.0001, '0.0001'], [0.00001, '1e-05'], [-2.5e-7, '-2.5e-07'], [1e100, '1e+100'], [Infinity, '+Inf'], [NaN, 'NaN'],
  ]
  for (const [value, text] of spellings) t.equal(floatLabel(value), text)
})

t.test('numbers are those of Go', async (t) => {
  for (const text of ['1', '+1', '-1', '1.', '.5', '1e5', '1E+5', '1.5e-7', '0.1', '123456789012345678901234567890', '5e-324', '1e-400']) {
    t.equal(parseNumber(text), Number(text), text)
  }
  for (const text of ['nan', 'NaN', 'NAN']) t.ok(Number.isNaN(parseNumber(text)), text)
  for (const text of ['inf', '+Inf', 'INFINITY']) t.equal(parseNumber(text), Infinity, text)
  t.equal(parseNumber('-infinity'), -Infinity)
  t.ok(Object.is(parseNumber('-0'), -0))
  for (const text of ['', '+', '-', '.', 'e5', '1e', '1e+', '0x1', '0x1p-3', '1_000', '+nan', 'infin', '1e309', ' 1', '1 ', '1,5']) {
    t.equal(parseNumber(text), undefined, JSON.stringify(text))
  }
})

t.test('OpenMetrics: exemplars, units, start times', async (t) => {
  const body = [
    '# TYPE a_s counter', '# UNIT a_s s', '# HELP a_s \\"quoted\\"',
    'a_s_total{b="c"} 1 2.5 # {"x.y"="z",t="\\"1\\""} 0.5 1.25', 'a_s_created{b="c"} 7.5', 'a_s_total{b="d"} 2 # {} 1',
    '# TYPE h histogram', 'h_bucket{le="1",x="1"} 1', 'h_count{x="1"} 1', 'h_created{x="1"} 3', 'h_count{x="2"} 1',
    '# TYPE g gauge', 'g_created 5', '# EOF',
  ].join('\n')
  t.same(shown(body, 'openmetrics', { createdAsStart: true }), [
    'type a_s "counter"',
    'unit a_s "s"',
    'help a_s "\\"quoted\\""',
    '__name__=a_s_total b=c | 1 | at 2500 | since 7500 | {"labels":{"t":"\\"1\\"","x.y":"z"},"ts":"1250000000","value":0.5}',
    '__name__=a_s_total b=d | 2 | {"value":1}',
    'type h "histogram"',
    '__name__=h_bucket le=1.0 x=1 | 1 | since 3000',
    '__name__=h_count x=1 | 1 | since 3000',
    '__name__=h_count x=2 | 1',
    'type g "gauge"',
    '__name__=g_created | 5',
  ])
  t.same(shown(body, 'openmetrics').filter((line) => line.includes('_created')), [
    '__name__=a_s_created b=c | 7.5', '__name__=h_created x=1 | 3', '__name__=g_created | 5',
  ])
})

t.test('OpenMetrics: a created line that comes first speaks of nothing before it', async (t) => {
  const body = '# TYPE a counter\na_created 1\na_total 2\na_created{x="1"} 3\na_total{x="1"} 4\n# EOF\n'
  t.same(shown(body, 'openmetrics', { createdAsStart: true }), ['type a "counter"', '__name__=a_total | 2', '__name__=a_total x=1 | 4'])
})

t.test('OpenMetrics: strict where the text format is not', async (t) => {
  const cases: [string, string][] = [
    ['', '1:1 the body does not end with # EOF'],
    ['a 1\n', '2:1 the body does not end with # EOF'],
    ['a 1', '1:4 the body does not end with # EOF'],
    ['# EOF\n\n', '1:6 data after # EOF'],
    ['# EOFa', '1:6 data after # EOF'],
    ['\n# EOF\n', '1:1 this begins nothing'],
    ['# comment\n# EOF\n', '1:1 not a line of OpenMetrics, which has no comments'],
    ['a  1\n# EOF\n', '1:2 no value after the metric'],
    ['a {b="c"} 1\n# EOF\n', "1:3 not a number a double can hold: '{b=\"c\"}'"],
    ['a{b="c" } 1\n# EOF\n', '1:8 no end of the label'],
    ['a 1 \n# EOF\n', '1:4 no value after the value'],
    ['a 1 1e400\n# EOF\n', "1:5 not a number a double can hold: '1e400'"],
    ['a 1 NaN\n# EOF\n', '1:5 not a point in time'],
    ['a{b="c\nd"} 1\n# EOF\n', '1:5 the label value does not end'],
    ['a_total 1 # {b="c"}\n# EOF\n', "1:20 no value after the exemplar's labels"],
    ['a_total 1 # {"b"} 1\n# EOF\n', '1:17 no value for the label'],
    ['# UNIT a_seconds second\n# EOF\n', '1:18 the unit is not the end of the name'],
    ['# TYPE a untyped\n# EOF\n', "1:10 'untyped' is no metric type"],
    ['# TYPE a\n# EOF\n', '1:9 no text in TYPE'],
  ]
  for (const [body, expected] of cases) t.equal(wrong(body, 'openmetrics'), expected, JSON.stringify(body))
})

t.test('type and unit as labels', async (t) => {
  const body = '# UNIT a_s s\n# TYPE a_s gauge\na_s{__type__="x",__unit__="y",__name__="n",b="c"} 1\n# TYPE d gauge\nd 1\n# EOF\n'
  const series = shown(body, 'openmetrics', { typeAndUnitLabels: true }).filter((line) => line.startsWith('_'))
  t.same(series, ['__name__=a_s __type__=gauge __unit__=s b=c | 1', '__name__=d __type__=gauge | 1'])
  t.same(shown('a{__type__="x"} 1', 'text', { typeAndUnitLabels: true }), ['__name__=a __type__=x | 1'])
})

const RPC = {
  name: 'rpc_seconds', help: 'RPC.', type: 4, unit: 'seconds',
  metric: [{
    label: [{ name: 'z', value: 'é' }, { name: 'a', value: '1' }],
    histogram: {
      sample_count: 175, sample_sum: 0.5, schema: 3, zero_threshold: 1e-3, zero_count: 2,
      positive_span: [{ offset: -3, length: 2 }, { offset: 2, length: 3 }], positive_delta: [1, 2, -3, 0, 5],
      bucket: [
        { cumulative_count: 3, upper_bound: 0.5, exemplar: { label: [{ name: 't', value: 'x' }], value: 0.4, timestamp: { seconds: 5, nanos: 7_000_001 } } },
        { cumulative_count: 173, upper_bound: 1, exemplar: { value: 0.7 } },
      ],
      created_timestamp: { seconds: 10, nanos: 5_000_000 },
    },
  }],
}
const NATIVE =
  '__name__=rpc_seconds a=1 z=é | {"schema":3,"count":"175","sum":0.5,"zero_threshold":0.001,"zero_count":"2",' +
  '"positive_spans":[{"offset":-3,"length":2},{"offset":4,"length":1}],"positive_deltas":[1,2,2]} | since 10005 | ' +
  '{"labels":{"t":"x"},"ts":"5007000001","value":0.4}'
const CLASSIC = [
  '__name__=rpc_seconds_count a=1 z=é | 175 | since 10005',
  '__name__=rpc_seconds_sum a=1 z=é | 0.5 | since 10005',
  '__name__=rpc_seconds_bucket a=1 le=0.5 z=é | 3 | since 10005 | {"labels":{"t":"x"},"ts":"5007000001","value":0.4}',
  '__name__=rpc_seconds_bucket a=1 le=1.0 z=é | 173 | since 10005 | {"value":0.7}',
  '__name__=rpc_seconds_bucket a=1 le=+Inf z=é | 175 | since 10005',
]

t.test('protobuf: native and classic histograms', async (t) => {
  const body = encodeFamilies(RPC)
  t.equal(guessFormat(body), 'protobuf')
  const head = ['help rpc_seconds "RPC."', 'unit rpc_seconds "seconds"', 'type rpc_seconds "histogram"']
  t.same(shown(body, 'protobuf'), [...head, NATIVE])
  t.same(shown(body, 'protobuf', { classicHistograms: true }), [...head, NATIVE, ...CLASSIC])
  t.same(shown(body, 'protobuf', { nativeHistograms: false }), [...head, ...CLASSIC])
  const custom = shown(body, 'protobuf', { nativeHistograms: false, convertToCustomBuckets: true }).slice(3)
  t.equal(custom.length, 1)
  t.match(custom[0], '{"schema":-53,"count":"175","sum":0.5,"positive_spans":[{"offset":0,"length":3}],"positive_deltas":[3,167,-168],"custom_values":[0.5,1]}')
})

t.test('protobuf: float and gauge histograms, counts beyond 2^53', async (t) => {
  const float = { sample_count_float: 2.5, sample_sum: 1, schema: 0, negative_span: [{ offset: 1, length: 3 }], negative_count: [1, 0, 1.5], zero_count_float: 0.5 }
  const gauge = { name: 'g', type: 5, metric: [{ histogram: float, timestamp_ms: 9 }] }
  t.same(shown(encodeFamilies(gauge), 'protobuf').slice(2), [
    '__name__=g | {"schema":0,"count":2.5,"sum":1,"zero_count":0.5,"negative_spans":[{"offset":1,"length":1},{"offset":1,"length":1}],' +
      '"negative_counts":[1,1.5],"reset":"gauge"} | at 9',
  ])
  const big = { sample_count: '18446744073709551615', schema: -4, positive_span: [{ offset: 0, length: 2 }], positive_delta: ['9223372036854775807', '-9223372036854775808'] }
  t.same(shown(encodeFamilies({ name: 'b', type: 4, metric: [{ histogram: big }] }), 'protobuf').slice(2), [
    '__name__=b | {"schema":-4,"count":"18446744073709551615","sum":0,"positive_spans":[{"offset":0,"length":2}],' +
      '"positive_deltas":["9223372036854775807","-9223372036854775808"]}',
  ])
})

t.test('protobuf: the other types', async (t) => {
  const exemplar = { label: [{ name: 't', value: 'x' }], value: 1 }
  const body = encodeFamilies(
    { name: 'empty', type: 1 },
    { name: 's', type: 2, metric: [{ summary: { sample_count: 3, sample_sum: 4, quantile: [{ quantile: 0.5, value: 1 }] } }, { summary: {} }] },
    { name: 'c_total', unit: '', metric: [{ counter: { value: 2, exemplar, created_timestamp: { seconds: 1 } }, timestamp_ms: -5 }] },
    { name: 'u', type: 3, metric: [{ label: [{ name: '__proto__', value: '1' }], untyped: { value: 7 } }] },
    { name: 'g', type: 1, metric: [{ gauge: { value: Infinity } }] },
  )
  t.same(shown(body, 'protobuf').filter((line) => line.startsWith('_')), [
    '__name__=s_count | 3', '__name__=s_sum | 4', '__name__=s quantile=0.5 | 1', '__name__=s_count | 0', '__name__=s_sum | 0',
    '__name__=c_total | 2 | at -5 | since 1000 | {"labels":{"t":"x"},"value":1}',
    '__name__=u __proto__=1 | 7',
    '__name__=g | Infinity',
  ])
})

t.test('protobuf: what is wrong is told with its byte and family', async (t) => {
  const good = encodeFamilies({ name: 'a', metric: [{ counter: { value: 1 } }] })
  const message = (body: Buffer) => problemOf(body, 'protobuf')?.message
  t.equal(message(good.subarray(0, -1)), 'a message longer than the body (byte 2), in the message at byte 1')
  t.equal(message(Buffer.from([2, 0x0a, 5])), 'a field longer than its message (byte 4), in the message at byte 1')
  t.equal(message(Buffer.from([1, 7])), 'an impossible field number (byte 3), in the message at byte 1')
  t.equal(message(Buffer.alloc(11, 0xff)), 'a number beyond 64 bits (byte 11), in the message at byte 1')
  t.match(message(Buffer.from([7, 0x0a, 1, 97, 0x18, 9, 0x22, 0])), 'unknown metric type 9')
  t.match(message(encodeFamilies({ name: '', metric: [{}] })), 'an empty metric name')
  t.match(message(encodeFamilies({ name: 'a', unit: 'b', metric: [{}] })), "the unit 'b' is not the end of the name")
  const torn = { sample_count: 1, positive_span: [{ length: 5 }], positive_delta: [1] }
  t.match(message(encodeFamilies({ name: 'a', type: 4, metric: [{ histogram: torn }] })), 'spans and buckets of a histogram do not match')
  const label = Buffer.from([9, 0x0a, 1, 97, 0x22, 4, 0x0a, 2, 0x0a, 0])
  label[8] = 0x12
  t.match(message(label), 'an empty label name')
})

t.test('classic histograms become native ones with custom buckets', async (t) => {
  const body = [
    '# TYPE h histogram', 'h_bucket{x="1",le="1"} 1 5', 'h_bucket{x="1",le="2"} 1 5', 'h_bucket{x="1",le="3"} 1 5', 'h_bucket{x="1",le="4"} 1 5',
    'h_bucket{x="1",le="+Inf"} 3 5', 'h_sum{x="1"} 9 5', 'h_count{x="1"} 3 5', 'h_bucket{x="2",le="+Inf"} 2.5', 'h_other 1', 'h_count{x="3"} 2',
    'h_bucket{x="3",le="1"} 3', '# TYPE g gauge', 'g 1',
  ].join('\n')
  t.same(shown(body, 'text', { convertToCustomBuckets: true }), [
    'type h "histogram"',
    '__name__=h x=1 | {"schema":-53,"count":"3","sum":9,"positive_spans":[{"offset":0,"length":1},{"offset":3,"length":1}],' +
      '"positive_deltas":[1,1],"custom_values":[1,2,3,4]} | at 5',
    '__name__=h x=2 | {"schema":-53,"count":2.5,"sum":0,"positive_spans":[{"offset":0,"length":1}],"positive_counts":[2.5]}',
    '__name__=h_other | 1',
    'type g "gauge"',
    '__name__=g | 1',
  ])
  const kept = shown(body, 'text', { convertToCustomBuckets: true, classicHistograms: true })
  t.equal(kept.length, 16)
  t.match(kept[8], '"schema":-53')
})

function records(body: string, format: ExpositionFormat): string {
  const out = new ByteBuffer()
  checkExposition(openParser(Buffer.from(body), format, {}), 2)
  const options = { now: '1', labels: labelsOf([['job', 'j'], ['x', 'added']]), metadata: true }
  for (const batch of recordsOf(openParser(Buffer.from(body), format, {}), options)) batch.write(out)
  return out.take().toString()
}

t.test('records: metadata once, before the samples; kinds by family; empty labels left out', async (t) => {
  const body = '# HELP h Help.\n# TYPE h histogram\nh_sum{x=""} 1\nh_other 2\n# TYPE c_total counter\nc_total{x="own"} 3 4\nh_count 5\n# HELP h More.\n'
  t.same(records(body, 'text').trimEnd().split('\n'), [
    '{"type":"metadata","name":"h","kind":"histogram","unit":"","help":"Help."}',
    '{"type":"metric","name":"h_sum","labels":{"job":"j","x":"added"},"kind":"histogram","ts":"1","value":1}',
    '{"type":"metric","name":"h_other","labels":{"job":"j","x":"added"},"kind":"unknown","ts":"1","value":2}',
    '{"type":"metadata","name":"c_total","kind":"counter","unit":"","help":""}',
    '{"type":"metric","name":"c_total","labels":{"job":"j","x":"own"},"kind":"counter","ts":"4000000","value":3}',
    '{"type":"metric","name":"h_count","labels":{"job":"j","x":"added"},"kind":"histogram","ts":"1","value":5}',
  ])
  t.throws(() => records('a 1\nb{c="1",c="2"} 2\n', 'text'), { message: 'label "c" stands there twice', place: { line: 2, column: 1, length: 14 } })
  t.throws(() => records('# TYPE a gauge\n# TYPE b gauge\n# HELP a A.\n# HELP c C.\n', 'text'), { message: 'more than 2 metric families (max_families)' })
  const many = Array.from({ length: 10_000 }, (_, i) => `a{i="${i}"} ${i}\n`).join('')
  const lengths = [...recordsOf(openParser(Buffer.from(many), 'text', {}), { now: '1', labels: [], metadata: true })].map((batch) => batch.length)
  t.same(lengths, [4096, 4096, 1808])
})

t.test('formats are guessed and negotiated', async (t) => {
  t.equal(guessFormat(Buffer.from('')), 'text')
  t.equal(guessFormat(Buffer.from('a 1\n')), 'text')
  t.equal(guessFormat(Buffer.from('a 1\n# EOF')), 'openmetrics')
  t.equal(guessFormat(Buffer.from('# EOF\n')), 'openmetrics')
  t.equal(guessFormat(Buffer.from('a 1\n## EOF\n')), 'text')
  t.equal(guessFormat(Buffer.from('\n\n\n\n\n\n\n\n\n\n\na 1\n')), 'text')
  t.same(formatOf('text/plain; charset="utf-8"; x=1;', ''), { format: 'text' })
  t.same(formatOf('TEXT/Plain', ''), { format: 'text' })
  t.equal(formatOf('text/plain; x', '').format, null)
  t.equal(formatOf('text/plain; a=1; A=1', '').format, 'text')
  t.equal(formatOf('text/html', 'PrometheusText0.0.4').format, 'text')
})

t.test('nothing takes more time than the body is long', async (t) => {
  const many = Array.from({ length: 200_000 }, (_, i) => `l${String(200_000 - i).padStart(6, '0')}="v"`).join(',')
  const parser = openParser(Buffer.from(`a{${many}} 1\n`), 'text', {})
  parser.next()
  const labels = parser.labels()
  t.same(labels.slice(0, 4), ['__name__', 'a', 'l000001', 'v'])
  const garbage = Buffer.alloc(20_000_000, 'x')
  t.equal(wrong(garbage, 'text'), '1:20000001 no value after the metric')
  t.equal(problemOf(Buffer.concat([Buffer.from('a{b="'), garbage]), 'openmetrics')?.place?.source?.length, 4100)
  const counters = Array.from({ length: 100_000 }, (_, i) => `a_total{i="${i}"} 1\n`).join('')
  t.equal(shown(`# TYPE a counter\n${counters}# EOF\n`, 'openmetrics', { createdAsStart: true }).length, 100_001)
  const backwards = Array.from({ length: 100_000 }, (_, i) => `h_bucket{le="${100_000 - i}"} ${100_000 - i}\n`).join('')
  t.equal(shown(`# TYPE h histogram\n${backwards}`, 'text', { convertToCustomBuckets: true }).length, 2)
})

interface Corpus {
  file: string
  samples: number
  exemplars: number
  families: number
  expected?: { sample_at?: { [index: string]: { labels: { [name: string]: string }; value: number } } }
}

const CORPORA = `${ROOT}/../shared/conformance/corpora/exposition`
const absent = existsSync(`${CORPORA}/index.json`) ? false : 'no corpora beside the project (../shared/conformance/corpora/exposition)'

t.test('corpora', { skip: absent }, async (t) => {
  for (const { file, samples, exemplars, families, expected } of JSON.parse(readFileSync(`${CORPORA}/index.json`, 'utf8')) as Corpus[]) {
    const body = readFileSync(`${CORPORA}/${file}`)
    const parser = openParser(body, guessFormat(body), {})
    const seen = { samples: 0, exemplars: 0, families: new Set<string>() }
    for (let kind = parser.next(); kind !== null; kind = parser.next()) {
      if (kind !== 'series') {
        if (kind !== 'comment') seen.families.add(parser.metric)
        continue
      }
      const at = expected?.sample_at?.[seen.samples]
      seen.samples++
      seen.exemplars += parser.exemplars().length
      if (at === undefined) continue
      t.same(parser.labels(), labelsOf(Object.entries(at.labels)), file)
      t.equal(parser.value, at.value, file)
    }
    t.same([seen.samples, seen.exemplars, seen.families.size], [samples, exemplars, families], file)
  }
})
