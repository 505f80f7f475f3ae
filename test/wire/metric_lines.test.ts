// Lines of metrics: StatsD, InfluxDB's line protocol, Graphite; their numbers and names.

import t from 'tap'
import { decimalOf } from '../../lib/wire/decimal.js'
import { parseGraphite, splitPath } from '../../lib/wire/graphite/line.js'
import { PathTemplate } from '../../lib/wire/graphite/template.js'
import { BadLine, influxLines, parseInflux, precisionOf, splitSeries, timeOf, unescaped } from '../../lib/wire/influx/line.js'
import { labelName, metricName } from '../../lib/wire/metric_name.js'
import { readEntry } from '../../lib/wire/statsd/entry.js'
import { Malformed, readTail, splitStatsd, STATSD_TYPES, tagsOf, valuesOf } from '../../lib/wire/statsd/line.js'
import fc from '../support/property.js'

/** What a parser makes of a text, or what is wrong with it; anything else that it throws fails the test. */
function tried<T>(parse: () => T, ...known: (new (...args: never[]) => Error)[]): T | string {
  try {
    return parse()
  } catch (error) {
    if (known.some((one) => error instanceof one)) return (error as Error).message
    throw error
  }
}
/** Text as senders that are broken make it. */
const anyLine = fc.string({ unit: fc.constantFrom(...'ab1:|#@,;= \\".-+eTcdgims_{}\n\r\té😀') })

t.test('numbers are decimal, and nothing else', async (t) => {
  t.same(['1', '-1.5', '+2', '.5', '5.', '1e3', '1E-3', '-0'].map(decimalOf), [1, -1.5, 2, 0.5, 5, 1000, 0.001, -0])
  for (const text of ['', ' 1', '1 ', '0x1f', '0b1', '1_000', 'NaN', 'Infinity', '1e999', '.', '-', 'e', '1e', '--1', '1,5', '٣']) {
    t.ok(Number.isNaN(decimalOf(text)), text)
  }
  const strange = fc.string({ unit: fc.constantFrom(...'0123 .+-eExboINa_\n') })
  fc.assert(fc.property(strange, (text) => Number.isNaN(decimalOf(text)) === !(/^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(text) && Number.isFinite(Number(text)))))
  fc.assert(fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (number) => decimalOf(String(number)) === number))
})

t.test('names', async (t) => {
  t.same(['a.b-c', '1a', 'a:b', 'é😀', '', 'ok_1'].map((name) => metricName(name, 'underscores')), ['a_b_c', '_1a', 'a:b', '__', '', 'ok_1'])
  t.same(['a:b', '__name__', '___x', '9', '_'].map((name) => labelName(name, 'underscores')), ['a_b', '_name__', '_x', '_9', '_'])
  t.same([metricName('a.b é', 'utf8'), labelName('a.b', 'utf8'), labelName('__x', 'utf8')], ['a.b é', 'a.b', '_x'])
  fc.assert(fc.property(fc.string({ unit: 'grapheme', minLength: 1 }), (text) => {
    return /^[a-zA-Z_:][\w:]*$/.test(metricName(text, 'underscores')) && /^(?!__)[a-zA-Z_]\w*$/.test(labelName(text, 'underscores'))
  }))
})

t.test('StatsD', async (t) => {
  const parse = (text: string) =>
    tried(() => {
      const line = splitStatsd(text)
      if (typeof line === 'string') return line
      const tail = readTail(line.tail, text.indexOf('|') + 1)
      return { name: line.name, ...tail, values: valuesOf(line.value, tail.type) }
    }, Malformed)
  const plain = { rate: 1, tags: '', container: '', ts: undefined }
  t.same(parse('gorets:1|c'), { name: 'gorets', type: 'c', values: ['1'], ...plain })
  t.same(parse('gorets:1|c|@0.1'), { name: 'gorets', type: 'c', values: ['1'], ...plain, rate: 0.1 })
  t.same(parse('page.views:1:2:3|d|#env:dev,v|c:ci-83c0a99c|T1656581400|e:it-false|card:low'), {
    name: 'page.views', type: 'd', values: ['1', '2', '3'], rate: 1, tags: 'env:dev,v', container: 'ci-83c0a99c', ts: '1656581400000000000',
  })
  t.same(parse('users:a:b|s'), { name: 'users', type: 's', values: ['a:b'], ...plain }, 'the members of sets are any text')
  t.same([parse('_e{5,4}:title|text|#a'), parse('_sc|app|0')], ['event', 'service_check'])
  const wrong: [string, string][] = [
    ['', 'column 1: expected a colon behind the name'],
    ['gorets', 'column 7: expected a colon behind the name'],
    [':1|c', 'column 1: expected a name'],
    ['a:1', 'column 4: expected | and a type'],
    ['a:1|', "column 5: type '': expected c, g, ms, h, d, s"],
    ['a:1|x', "column 5: type 'x': expected c, g, ms, h, d, s"],
    ['a:1|c|@0', "column 7: rate '0': expected more than 0, and 1 at most"],
    ['a:1|c|@2', "column 7: rate '2': expected more than 0, and 1 at most"],
    ['a:1|c|#x|T12x', "column 10: time '12x': expected seconds"],
    ['a:1|c|T99999999999', "column 7: time '99999999999': expected seconds"],
    ['a:1|c|', "column 7: '': expected @rate, #tags, c:container or Ttime"],
  ]
  for (const [line, message] of wrong) t.equal(parse(line), message)
  t.same([...tagsOf('a:1,b,,c:,:d,e:f:g,__proto__:x')], [['a', '1'], ['b', 'true'], ['c', ''], ['e', 'f:g'], ['__proto__', 'x']])
  fc.assert(fc.property(anyLine, (line) => void parse(line)))
  const name = fc.stringMatching(/^[a-z][a-z.]{0,9}$/)
  const number = fc.double({ noNaN: true, noDefaultInfinity: true }).map(String)
  const line = fc.record({
    name, type: fc.constantFrom(...STATSD_TYPES.filter((type) => type !== 's')), values: fc.array(number, { minLength: 1 }),
    rate: fc.constantFrom(1, 0.5, 0.001), tags: fc.constantFrom('', 'a:1', 'a:1,b'), container: fc.constantFrom('', 'ci-1'),
    ts: fc.constantFrom(undefined, '0', '1656581400000000000'),
  })
  fc.assert(fc.property(line, (line) => {
    const { name, type, values, rate, tags, container, ts } = line
    const seconds = ts === undefined ? [] : [`T${ts.slice(0, -9) || '0'}`]
    const parts = [`${name}:${values.join(':')}`, type, `@${rate}`, ...(tags && [`#${tags}`]), ...(container && [`c:${container}`]), ...seconds]
    t.same(parse(parts.join('|')), line)
  }))
})

t.test('events and service checks of StatsD', async (t) => {
  const parse = (line: string) =>
    tried(() => {
      const kind = splitStatsd(line)
      if (typeof kind !== 'string') return 'a metric'
      const { attributes, ...entry } = readEntry(line, kind)
      return { ...entry, attributes: Object.fromEntries(attributes) }
    }, Malformed)
  const information = { ts: undefined, severity: 6 }
  t.same(parse('_e{6,6}:deploy|v1\\nv2|d:1763804400|h:web-1|k:roll|p:low|s:chef|t:warning|#env:x,canary,title:y|c:ci-1|e:it|card:low'), {
    body: 'v1\nv2', ts: '1763804400000000000', severity: 4,
    attributes: {
      env: 'x', canary: 'true', title: 'deploy', priority: 'low', alert_type: 'warning', aggregation_key: 'roll', source_type_name: 'chef',
      hostname: 'web-1', container_id: 'ci-1',
    },
  })
  t.same(parse('_e{3,3}:a|b|c|d'), { body: 'c|d', ...information, attributes: { title: 'a|b' } })
  t.same(parse('_e{1,0}:a|'), { body: 'a', ...information, attributes: { title: 'a' } })
  t.same(parse('_e{3,4}:é!|für|p:x|t:bad|d:soon'), {
    body: 'für', ts: undefined, severity: undefined, attributes: { title: 'é!', priority: 'x', alert_type: 'bad', timestamp: 'soon' },
  })
  t.same(parse('_e{2,3}:é!|für|#a'), { body: 'für', ...information, attributes: { title: 'é!', a: 'true' } }, 'lengths in characters')
  t.same(parse('_sc|db.up|2|d:1763804400|h:web-1|#env:x|m:no m\\: route\\nfrom here|c:ci-1'), {
    body: 'no m: route\nfrom here', ts: '1763804400000000000', severity: 2,
    attributes: { env: 'x', name: 'db.up', status: 'critical', hostname: 'web-1', container_id: 'ci-1' },
  })
  t.same(parse('_sc|db.up|0'), { body: 'db.up', ...information, attributes: { name: 'db.up', status: 'ok' } })
  t.match(parse('_sc|x|3|d:1763804400123'), { severity: undefined, ts: undefined, attributes: { status: 'unknown', timestamp: '1763804400123' } })
  t.same(parse('_sc|x|1|#__proto__:x'), {
    body: 'x', ts: undefined, severity: 4, attributes: Object.fromEntries([['__proto__', 'x'], ['name', 'x'], ['status', 'warning']]),
  })
  const wrong: [string, string][] = [
    ['_e{', 'column 3: expected {LENGTH,LENGTH}: of title and text'], ['_e{1}:a|b', 'column 3: expected {LENGTH,LENGTH}: of title and text'],
    ['_e{1,2}:a|b', 'column 4: title and text have other lengths'], ['_e{1,1}:a', 'column 4: title and text have other lengths'],
    ['_e{0,1}:|b', 'column 9: expected a title'], ['_sc|', 'column 5: expected a name'], ['_sc|x', 'column 6: expected a status: 0, 1, 2 or 3'],
    ['_sc|x|4', 'column 7: expected a status: 0, 1, 2 or 3'],
  ]
  for (const [line, message] of wrong) t.equal(parse(line), message)
  fc.assert(fc.property(fc.constantFrom('_e{2,3}:', '_e{1,1}:', '_sc|'), anyLine, (start, line) => void parse(start + line)))
  fc.assert(fc.property(anyLine.filter((text) => text !== ''), anyLine, (title, text) => {
    // What is no character of its own takes the bytes of another one.
    const [one, two] = [title, text].map((words) => Buffer.from(words.replaceAll('\\n', '')).toString())
    if (one === '') return
    const entry = parse(`_e{${Buffer.byteLength(one)},${Buffer.byteLength(two)}}:${one}|${two}|t:error`)
    t.match(entry, { body: two === '' ? one : two, severity: 3, attributes: { title: one } })
  }))
})

t.test('line protocol', async (t) => {
  const parse = (line: string) => tried(() => parseInflux(line), BadLine)
  const split = (series: string) => tried(() => splitSeries(series), BadLine)
  t.same(parse('weather,location=us-midwest temperature=82,humidity=71i 1465839830100400200'), {
    series: 'weather,location=us-midwest', fields: ['temperature', 82, 'humidity', 71], time: '1465839830100400200',
  })
  t.same(parse('m a=1u,b=-2i,c=t,d=FALSE,e="x, y=\\"z\\" ",f=.5e-3'), {
    series: 'm', fields: ['a', 1, 'b', -2, 'c', 1, 'd', 0, 'e', null, 'f', 0.0005], time: undefined,
  })
  t.same(split('my\\ m\\,x,tag\\=k=v\\ 1\\,2,__proto__=a\\b'), {
    measurement: 'my m,x', tags: new Map([['tag=k', 'v 1,2'], ['__proto__', 'a\\b']]),
  })
  const wrong = [
    '', ' a=1', 'm', 'm ', 'm a', 'm a=', 'm =1', 'm a=1,', 'm a=1 x', 'm a="x', 'm a="x"y', 'm a=1i2', 'm a=-1u', 'm a=1 2 3', 'm a=NaN', 'm a=1e999',
  ]
  for (const line of wrong) t.type(parse(line), 'string', line)
  for (const series of [',a=b', 'm,', 'm,a', 'm,a=', 'm,=b', 'm,a=b=c', 'm,a=b,,c=d']) t.type(split(series), 'string', series)
  const lines = (body: string) => [...influxLines(Buffer.from(body))]
  t.same(lines('# no\n\na b=1\r\nm s="x\ny \\" z\n",t=1\nlast=1'), [['a b=1', 3], ['m s="x\ny \\" z\n",t=1', 4], ['last=1', 7]])
  t.same(lines('m,t="x a=1\nm b=2\nm c="open\nm d=1'), [['m,t="x a=1', 1], ['m b=2', 2], ['m c="open\nm d=1', 3]], 'a quote in a tag is a character; a text without end takes the rest')
  t.same([timeOf('1', 1n), timeOf('-5', 1000n), timeOf('007', 1n), precisionOf(null), precisionOf('h'), precisionOf('d')], ['1', '-5000', '7', 1n, 3_600_000_000_000n, undefined])
  t.same([timeOf('9223372036854775807', 1n), timeOf('0', 1n), timeOf('-9223372036854775808', 1n)], ['9223372036854775807', '0', '-9223372036854775808'])
  for (const [time, unit] of [['9223372036854775807', 1000n], ['9223372036854775808', 1n], ['18446744073709551616', 1n]] as const) t.throws(() => timeOf(time, unit), /out of range/)
  fc.assert(fc.property(anyLine, (text) => {
    for (const [line] of lines(text)) if (typeof parse(line) !== 'string') split((parse(line) as { series: string }).series)
  }))
  const word = fc.string({ unit: fc.constantFrom(...'ab,= é'), minLength: 1, maxLength: 6 })
  const escaped = (text: string) => text.replace(/[,= ]/g, '\\$&')
  const point = fc.record({
    measurement: word.filter((text) => !text.includes('=')), tags: fc.dictionary(word, word, { maxKeys: 3 }),
    fields: fc.dictionary(word, fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.string()), { minKeys: 1, maxKeys: 3 }),
    time: fc.option(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), { nil: undefined }),
  })
  fc.assert(fc.property(point, ({ measurement, tags, fields, time }) => {
    const value = (value: number | string) => (typeof value === 'number' ? String(value) : `"${value.replace(/["\\]/g, '\\$&')}"`)
    const series = [escaped(measurement), ...Object.entries(tags).map(([key, value]) => `${escaped(key)}=${escaped(value)}`)].join(',')
    const told = Object.entries(fields).map(([key, one]) => `${escaped(key)}=${value(one)}`).join(',')
    const text = `${series} ${told}${time === undefined ? '' : ` ${time}`}`
    const [[line, number], ...more] = lines(`${text}\n`)
    t.same([line, number, more], [text.trim() === '' ? line : text, 1, []])
    const parsed = parse(line)
    if (typeof parsed === 'string') return t.fail(`${line}: ${parsed}`)
    t.same(split(parsed.series), { measurement, tags: new Map(Object.entries(tags)) })
    t.same(parsed.fields.map((one, i) => (i % 2 === 0 ? unescaped(one as string) : one)), Object.entries(fields).flatMap(([key, one]) => [key, typeof one === 'number' ? one : null]))
    t.equal(parsed.time, time?.toString())
  }))
})

t.test('Graphite', async (t) => {
  t.same(parseGraphite('a.b.c 1.5 1700000000'), { path: 'a.b.c', value: 1.5, ts: '1700000000000000000' })
  t.same(parseGraphite(' a.b;x=y\t-2e3  1700000000.25 '), { path: 'a.b;x=y', value: -2000, ts: '1700000000250000000' })
  t.same([parseGraphite('a 1'), parseGraphite('a 1 -1'), parseGraphite('a 1 N'), parseGraphite('a 1 0')].map((point) => (point as { ts?: string }).ts), [undefined, undefined, undefined, '0'])
  for (const line of ['', ' ', 'a', 'a b 1', 'a nan 1', 'a 1 x', 'a 1 -2', 'a 1 1e12', 'a 1 2 3']) t.type(parseGraphite(line), 'string', line)
  t.same(splitPath('disk.used;host=a;__proto__=b=c'), { name: 'disk.used', tags: new Map([['host', 'a'], ['__proto__', 'b=c']]) })
  for (const path of [';a=b', 'a;', 'a;b', 'a;=b', 'a;b=']) t.type(splitPath(path), 'string', path)
  fc.assert(fc.property(anyLine, (line) => {
    const point = parseGraphite(line)
    if (typeof point !== 'string') splitPath(point.path)
  }))
  const number = fc.double({ noNaN: true, noDefaultInfinity: true })
  const path = fc.stringMatching(/^[a-z.;=]{1,20}$/)
  fc.assert(fc.property(path, number, fc.nat(), (path, value, seconds) => {
    t.same(parseGraphite(`${path} ${value} ${seconds}`), { path, value, ts: seconds === 0 ? '0' : `${seconds}000000000` })
  }))
})

t.test('templates of Graphite', async (t) => {
  const apply = (template: string, path: string) => {
    const mapped = new PathTemplate(template).apply(path.split('.'))
    return mapped === null ? null : { name: mapped.name.join('.'), labels: Object.fromEntries(mapped.labels) }
  }
  t.same(apply('servers.* .host.measurement*', 'servers.web1.cpu.load'), { name: 'cpu.load', labels: { host: 'web1' } })
  t.equal(apply('servers.* .host.measurement*', 'routers.web1.cpu'), null)
  t.equal(apply('a.b.c measurement', 'a.b'), null)
  t.same(apply('region.region.measurement..measurement', 'eu.west.cpu.x.load'), { name: 'cpu.load', labels: { region: 'eu.west' } })
  t.same(apply('.host.measurement', 'a.b'), { name: 'a.b', labels: { host: 'b' } }, 'too short for its name')
  for (const wrong of ['', 'host', 'measurement*.host', 'a b measurement', 'a. .b']) t.throws(() => new PathTemplate(wrong), /--template/, wrong)
})
