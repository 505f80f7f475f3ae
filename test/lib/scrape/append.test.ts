// The appender: its cache against a fresh one, layouts that stay, limits, times, markers.

import t from 'tap'
import type { Batch } from '../../../lib/record/batch.js'
import { ByteBuffer } from '../../../lib/record/bytes.js'
import { getLabel, labelPairs, labelsOf, labelsOfObject } from '../../../lib/record/labels.js'
import { millisOf } from '../../../lib/record/time.js'
import { compileRules } from '../../../lib/relabel/rules.js'
import { Appender, type Appended, type AppendOptions } from '../../../lib/scrape/append.js'
import { bucketCount, limitBuckets, schemaOfFactor } from '../../../lib/scrape/histogram.js'
import { sampleLabels } from '../../../lib/scrape/labels.js'
import { Turns } from '../../../lib/scrape/turns.js'
import { openParser } from '../../../lib/wire/exposition/index.js'
import { seriesLabels } from '../../../lib/wire/remote_write/series.js'
import fc from '../../support/property.js'

const OPTIONS: AppendOptions = {
  targetLabels: labelsOfObject({ instance: 'h:1', job: 'j' }),
  honorLabels: false,
  nameScheme: 'utf8',
  limits: { labels: 0, nameLength: 0, valueLength: 0 },
  honorTimestamps: true,
  trackTimestampsStaleness: false,
  sampleLimit: 0,
  bucketLimit: 0,
  maxSchema: 8,
}

const T0 = 1_700_000_000_000

class Target {
  readonly appender: Appender
  millis = T0

  constructor(options: Partial<AppendOptions> = {}) {
    this.appender = new Appender({ ...OPTIONS, ...options })
  }

  /** One scrape, with the empty one that follows a failure. */
  scrape(body: string, openMetrics = false): Appended {
    this.millis += 1000
    if (body === '') return this.appender.appendNothing(this.millis)
    const parser = openParser(Buffer.from(body), openMetrics ? 'openmetrics' : 'text', {})
    const appended = this.appender.append(parser, this.millis, this.millis)
    return appended.error === null ? appended : { ...appended, stale: this.appender.appendNothing(this.millis).stale }
  }
}

function lines(batch: Batch | null): string[] {
  const out = new ByteBuffer()
  batch?.write(out)
  return out.take().toString().split('\n').slice(0, -1)
}

/** Names, or names and labels, of a batch's series. */
function series(batch: Batch | null): string[] {
  return Array.from({ length: batch?.length ?? 0 }, (_, row) => {
    const id = batch!.id(row)!
    return [id.name, ...id.labels].join(' ')
  })
}

/** With names and labels that begin like others, so that a guess of the next series may be right only at first sight. */
const spelling = (name: string, x: number) => [name, `${name}{x="${x}"}`, `${name} `, `${name}{x="${x}",}`, `${name} {x="${x}"}`][x]

const comments = (name: string, type: string) => (type === '' ? '' : `# HELP ${name} of type ${type}\n# TYPE ${name} ${type}\n`)

const VALUES = ['0.1', '-0', '12345678901234567890', '123456789012345.5', 'NaN', '+Inf', '1e5', '5e-324']

/** Bodies of which some come several times. */
const bodies = fc.array(fc.tuple(fc.integer({ min: 1, max: 3 }),   fc.uniqueArray(fc.record({ name: fc.constantFrom('a', 'ab', 'c_total', 'd'), x: fc.integer({ min: 0, max: 4 }), value: fc.oneof(fc.integer(), fc.constantFrom(...VALUES)), line: fc.constantFrom('', '', 'counter', 'gauge') }), {
    selector: ({ name, x }) => (x === 0 || x === 2 ? name : `${name} ${x}`),
    maxLength: 12,
  })),
  { minLength: 1, maxLength: 8 },
).map((some) => some.flatMap(([times, body]) => Array.from({ length: times }, () => body)))

for (const format of ['text', 'openmetrics'] as const) t.test(`the cache changes nothing, ${format}: samples, drops and markers as without it`, async (t) => {
  const bodyOf = (lines: string) => (format === 'text' || lines === '' ? lines : `${lines}# EOF\n`)
  const rules = compileRules([{ source_labels: ['x'], regex: '3', action: 'drop' }], 'utf8')
  fc.assert(
    fc.property(bodies, (scrapes) => {
      const target = new Target({ metricRelabel: rules })
      let before: string[] = []
      for (const samples of scrapes) {
        const body = samples.map(({ name, x, value, line }) => `${comments(name, line)}${spelling(name, format === 'text' ? x : x % 2)} ${value}\n`).join('')
        const cached = target.scrape(bodyOf(body), format === 'openmetrics')
        const fresh = new Appender({ ...OPTIONS, metricRelabel: rules })
        const alone = body === '' ? fresh.appendNothing(target.millis) : fresh.append(openParser(Buffer.from(bodyOf(body)), format, {}), target.millis, target.millis)
        t.strictSame(lines(cached.samples), lines(alone.samples))
        t.equal(cached.kept, alone.kept)
        for (const [family, { kind, help }] of fresh.families.byName) {
          const { kind: own, help: text } = target.appender.families.byName.get(family)!
          t.strictSame([own, text], [kind, help])
        }
        const now = series(cached.samples)
        t.strictSame(new Set(series(cached.stale)), new Set(before.filter((one) => !now.includes(one))))
        before = now
      }
    }),
    { numRuns: 200 },
  )
})

t.test('an unchanged target keeps its layout, whatever the values', async (t) => {
  const target = new Target()
  const body = (value: number) => `# TYPE a counter\na{x="1"} ${value}\na{x="2"} ${value}\nb ${value}\n`
  const { layout } = target.scrape(body(1)).samples!
  t.equal(target.scrape(body(2)).samples!.layout, layout)
  t.equal(target.scrape(body(3)).samples!.layout, layout)
  t.not(target.scrape(`${body(4)}c 1\n`).samples!.layout, layout)
  t.equal(target.scrape(body(5)).samples!.layout.ids[0], layout.ids[0], 'identities stay when the layout does not')
  t.not(target.scrape('').stale, null)
  t.equal(target.scrape(body(6)).samples!.layout.ids[2], layout.ids[2], 'a failed scrape forgets nothing')
})

t.test('kinds come from the family a series belongs to, and follow it', async (t) => {
  const target = new Target()
  const kinds = ({ samples }: Appended) => samples!.layout.ids.map(({ name, kind }) => `${name} ${kind}`)
  const first = target.scrape('# HELP h one\n# TYPE h histogram\nh_bucket{le="+Inf"} 1\nh_sum 1\nh_count 1\nstranger 1\n')
  t.strictSame(kinds(first), ['h_bucket histogram', 'h_sum histogram', 'h_count histogram', 'stranger '])
  t.strictSame(first.families.map(({ identity }) => identity.rest), [{ kind: 'histogram', unit: '', help: 'one' }])
  const second = target.scrape('# HELP h two\n# TYPE h summary\nh_sum 1\nh_count 1\n')
  t.strictSame(kinds(second), ['h_sum summary', 'h_count summary'])
  t.strictSame(second.families.map(({ identity }) => identity.rest), [{ kind: 'summary', unit: '', help: 'two' }])
  t.strictSame(target.scrape('# HELP h two\n# TYPE h summary\nh_sum 1\nh_count 1\n').families, [])
})

t.test('two spellings of one series are one series', async (t) => {
  const target = new Target()
  t.equal(target.scrape('a{x="1",y="2"} 1\n').added, 1)
  const second = target.scrape('a{y="2",x="1"} 2\n')
  t.equal(second.stale, null, 'no marker')
  const both = target.scrape('a{x="1",y="2"} 1\na{y="2",x="1"} 2\n')
  t.strictSame([both.samples!.length, both.kept, both.leftOut.duplicate], [1, 2, 1])
})

t.test('times of the target: kept, ignored, out of order, too far ahead', async (t) => {
  const times = (batch: Batch | null) => Array.from({ length: batch?.length ?? 0 }, (_, row) => millisOf(batch!.ts(row)!))
  t.equal(new Target().scrape(`a 1 ${T0 - 50}\n`).stale, null, 'nothing has gone at first')
  const target = new Target()
  t.strictSame(times(target.scrape(`a 1 ${T0 - 50}\nb 1\n`).samples), [T0 - 50, T0 + 1000])
  t.strictSame(times(target.scrape(`b 1\na 1 ${T0 - 50}\n`).samples), [T0 + 2000, T0 - 50], 'the same once more')
  t.strictSame(target.scrape(`a 2 ${T0 - 50}\n`).leftOut, { duplicate: 1, outOfOrder: 0, outOfBounds: 0 })
  t.strictSame(target.scrape(`a 2 ${T0 - 60}\n`).leftOut, { duplicate: 0, outOfOrder: 1, outOfBounds: 0 })
  t.strictSame(target.scrape(`a 2 ${T0 + 3_600_000}\n`).leftOut, { duplicate: 0, outOfOrder: 0, outOfBounds: 1 })
  t.equal(target.scrape('c 1\n').stale, null, 'no marker for what has times of its own')
  const ignoring = new Target({ honorTimestamps: false })
  t.strictSame(times(ignoring.scrape(`a 1 ${T0 - 50}\n`).samples), [T0 + 1000])
  t.strictSame(series(ignoring.scrape('').stale), ['a instance h:1 job j'])
  const tracking = new Target({ trackTimestampsStaleness: true })
  tracking.scrape(`a 1 ${T0 - 50}\n`)
  t.strictSame(lines(tracking.scrape('').stale), [
    `{"type":"metric","name":"a","labels":{"instance":"h:1","job":"j"},"ts":"${T0 + 2000}000000","stale":true}`,
  ])
})

t.test('repeated samples count, but are not passed on', async (t) => {
  const target = new Target()
  const first = target.scrape('a 1\na 2\na 3\n')
  t.strictSame([first.scraped, first.kept, first.added, first.samples!.length], [3, 3, 1, 1])
  const second = target.scrape('a 1\na 2\na 3\n')
  t.strictSame([second.scraped, second.kept, second.added, second.leftOut.duplicate], [3, 3, 0, 2])
})

t.test('limits fail the whole scrape, and nothing of it is passed on', async (t) => {
  const failing = (options: Partial<AppendOptions>, body: string) => {
    const target = new Target(options)
    const { error, samples } = target.scrape(body)
    t.equal(samples, null)
    return error!.message
  }
  const limits = (limit: Partial<AppendOptions['limits']>) => ({ limits: { ...OPTIONS.limits, ...limit } })
  t.match(failing({ sampleLimit: 1 }, 'a 1\nb 1\n'), /sample_limit: 1/)
  t.match(failing(limits({ labels: 3 }), 'a{x="1"} 1\n'), /label_limit exceeded.*4, limit: 3/)
  t.match(failing(limits({ nameLength: 8 }), 'a{xxxxxxxxx="1"} 1\n'), /label_name_length_limit/)
  t.match(failing(limits({ valueLength: 3 }), 'a{x="éé"} 1\n'), /label_value_length_limit.*length: 4/, 'bytes, not characters')
  t.match(failing({ nameScheme: 'legacy' }, '{"a.b"} 1\n'), /invalid metric name/)
  t.match(failing({}, 'a{x="1",x="2"} 1\n'), /not unique/)
  t.match(failing({ metricRelabel: compileRules([{ regex: '__name__', action: 'labeldrop' }], 'utf8') }, 'a 1\n'), /missing metric name/)
  t.match(failing({}, 'a 1\n7&-\n'), /./)
  t.equal(new Target({ sampleLimit: 1, metricRelabel: compileRules([{ source_labels: ['__name__'], regex: 'b', action: 'drop' }], 'utf8') }).scrape('a 1\nb 1\n').error, null)
})

t.test('labels named like the language\'s own', async (t) => {
  const target = new Target({ targetLabels: labelsOfObject({ constructor: 'mine' }) })
  const { samples } = target.scrape('toString{__proto__="1",constructor="theirs"} 1\n')
  t.strictSame(series(samples), ['toString __proto__ 1 constructor mine exported_constructor theirs'])
})

t.test('exemplars: in order of time, once', async (t) => {
  const target = new Target()
  const exemplars = ({ samples }: Appended) => samples!.payload(0).exemplars
  const body = (value: number) => `# TYPE a counter\na_total ${value} # {t="1"} 1 1.5\n# EOF\n`
  t.match(lines(target.scrape(body(1), true).samples)[0], '"exemplars":[{"labels":{"t":"1"},"ts":"1500000000","value":1}]')
  t.equal(exemplars(target.scrape(body(2), true)), undefined, 'the same one again')
})

t.test('endless new series do not pile up', async (t) => {
  const target = new Target()
  for (let i = 0; i < 50; i++) {
    target.scrape(Array.from({ length: 100 }, (_, j) => `a{x="${i}-${j}"} 1\n`).join(''))
    t.equal(target.appender.size, 100)
  }
  for (let i = 0; i < 50; i++) target.scrape(`${Array.from({ length: 100 }, (_, j) => `b{x="${i}-${j}"} 1\n`).join('')}7&-\n`)
  t.ok(target.appender.size < 1500, `failing scrapes too: ${target.appender.size}`)
  for (let i = 0; i < 50; i++) target.scrape(`# TYPE f${i} gauge\nf${i} 1\n`)
  t.ok(target.appender.families.byName.size < 15)
})

t.test('native histograms: fewer buckets, and no more than allowed', async (t) => {
  const histogram = { schema: 0, count: '6', sum: 1, positive_spans: [{ offset: 0, length: 3 }, { offset: 1, length: 1 }], positive_deltas: [1, 1, 1, -3] }
  const halved = limitBuckets(histogram, 3, 8)
  t.strictSame([halved.schema, halved.positive_spans, halved.positive_deltas], [-1, [{ offset: 0, length: 3 }], [1, 4, -5]])
  t.equal(limitBuckets(histogram, 4, 8), histogram)
  t.equal(limitBuckets(histogram, 0, schemaOfFactor(4)).schema, -1)
  t.throws(() => limitBuckets({ schema: -53, count: '3', sum: 1, positive_deltas: [1, 1] }, 1, 8), /bucket_limit/)
  const floats = { schema: 1, count: 3, sum: 1, negative_spans: [{ offset: -1, length: 4 }], negative_counts: [0.5, 1, 1, 0.5] }
  const limited = limitBuckets(floats, 2, 8)
  t.strictSame([bucketCount(limited), limited.negative_counts], [2, [1.5, 1.5]])
  t.strictSame([schemaOfFactor(0), schemaOfFactor(1.1), schemaOfFactor(2), schemaOfFactor(1e9)], [8, 2, 0, -4])
  const large = { schema: 0, count: '1', sum: 1, positive_spans: [{ offset: 0, length: 2 }], positive_deltas: ['9007199254740993', -1] }
  t.strictSame(limitBuckets(large, 0, -1).positive_deltas, ['9007199254740993', -1])
})

t.test('a huge body is read in turn with others', async (t) => {
  const turns = new Turns()
  const finished: string[] = []
  const read = async (name: string, samples: number) => {
    const body = Array.from({ length: samples }, (_, i) => `${name}{x="${i}"} 1\n`).join('')
    const { error, samples: batch } = await new Appender(OPTIONS).appendInTurns(openParser(Buffer.from(body), 'text', {}), T0, T0, turns)
    t.strictSame([error, batch!.length], [null, samples])
    finished.push(name)
  }
  await Promise.all([read('huge', 20_000), read('small', 10), read('medium', 5000)])
  t.strictSame(finished, ['small', 'medium', 'huge'])
})

t.test('labels of a target and of its series: what a map of them gives', async (t) => {
  const name = fc.constantFrom('a', 'b', 'c', 'exported_a', 'exported_exported_a', '__name__', 'é', '\u{10000}', '\uffff')
  const labels = fc.dictionary(name, fc.constantFrom('', '1', '2'), { noNullPrototype: false }).map((map) => labelsOfObject({ __name__: 'm', ...map }))
  const target = fc.dictionary(name.filter((each) => each !== '__name__'), fc.constantFrom('', 'x', 'y'), { noNullPrototype: false }).map(labelsOfObject)
  const options = { honorLabels: false, nameScheme: 'utf8', limits: OPTIONS.limits } as const
  const plainly = (exposed: readonly string[], own: readonly string[]) => {
    const map = new Map(labelPairs(exposed))
    const moved: [string, string][] = []
    for (const [name, value] of labelPairs(own)) {
      if ((map.get(name) ?? '') !== '') moved.push([name, map.get(name)!])
      map.set(name, value)
    }
    for (const [name, value] of moved.sort(([a], [b]) => a.length - b.length)) {
      let free = `exported_${name}`
      while ((map.get(free) ?? '') !== '') free = `exported_${free}`
      map.set(free, value)
    }
    return labelsOf([...map].filter(([, value]) => value !== ''))
  }
  fc.assert(fc.property(labels.filter((all) => getLabel(all, '__name__') !== ''), target, (exposed, own) => {
    t.same(sampleLabels(exposed, own, options), plainly(exposed, own))
    const both = new Map([...labelPairs(own), ...labelPairs(exposed), ['__name__', 'n']])
    t.same(seriesLabels('n', exposed, new Map(labelPairs(own))), labelsOf([...both].filter(([, value]) => value !== '')))
  }), { numRuns: 500 })
})
