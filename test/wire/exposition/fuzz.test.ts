// Any bytes give entries or a Problem, and what is written in a format is read back.

import assert from 'node:assert/strict'
import t from 'tap'
import { Problem } from '../../../lib/diag/problem.js'
import { labelPairs, labelsOf } from '../../../lib/record/labels.js'
import { type ExpositionFormat, openParser } from '../../../lib/wire/exposition/index.js'
import { parseNumber } from '../../../lib/wire/exposition/number.js'
import { encodeFamilies } from './encode.js'
import fc from '../../support/property.js'

const OPTIONS = {
  classicHistograms: true, createdAsStart: true, typeAndUnitLabels: true, convertToCustomBuckets: true,
}

/** Reads everything that a body shows, and returns how many entries that were. */
function readAll(body: Buffer, format: ExpositionFormat, options: object): number {
  const parser = openParser(body, format, options)
  let entries = 0
  for (let kind = parser.next(); kind !== null; kind = parser.next()) {
    entries++
    if (kind !== 'series' && kind !== 'histogram') void (parser.metric + parser.text)
    else void [parser.labels(), parser.exemplars(), parser.startTimestamp, parser.timestamp, parser.histogram]
    // Every entry takes at least one byte; a protobuf metric shows as many series as it has fields, and three more.
    if (entries > 8 * body.length + 8) throw new Error('the cursor does not move')
  }
  return entries
}

function survives(body: Buffer): void {
  for (const format of ['text', 'openmetrics', 'protobuf'] as const) {
    for (const options of [{}, OPTIONS]) {
      try {
        readAll(body, format, options)
      } catch (error) {
        if (!(error instanceof Problem)) throw error
      }
    }
  }
}

const TEXT = Buffer.from(
  '# HELP h Help \\n.\n# TYPE h histogram\n# UNIT h_s s\nh_bucket{le="1",x="a\\"b\\\\"} 1 5\nh_bucket{le="+Inf"} 2e3 # {t="é"} 1.5 2\n' +
    'h_count 3\nh_created{x="é"} 17.5\n{"a.b","c d"="e"} NaN\n# EOF\n',
)
const MESSAGES = encodeFamilies(
  { name: 'c', help: 'h', metric: [{ label: [{ name: 'a', value: 'b' }], counter: { value: 1, exemplar: { value: 1, timestamp: { seconds: 1 } } } }] },
  { name: 's', type: 2, metric: [{ summary: { sample_count: 1, quantile: [{ quantile: 0.5, value: 1 }] }, timestamp_ms: 5 }] },
  {
    name: 'h', type: 4,
    metric: [{
      histogram: {
        sample_count: 9, schema: 2, zero_count: 1, positive_span: [{ offset: -2, length: 2 }], positive_delta: [1, -1],
        bucket: [{ cumulative_count: 3, upper_bound: 1 }], created_timestamp: { seconds: 4 },
      },
    }],
  },
)

/** A valid body with bytes replaced, cut out and put in. */
function mutated(seed: Buffer): fc.Arbitrary<Buffer> {
  const edit = fc.record({ at: fc.nat(seed.length), cut: fc.nat(4), put: fc.uint8Array({ maxLength: 4 }) })
  return fc.array(edit, { minLength: 1, maxLength: 6 }).map((edits) => {
    let body = seed
    for (const { at, cut, put } of edits) body = Buffer.concat([body.subarray(0, at), put, body.subarray(at + cut)])
    return body
  })
}

t.test('mutated bodies and any bytes: entries or a Problem', async () => {
  fc.assert(fc.property(mutated(TEXT), survives), { numRuns: 1500 })
  fc.assert(fc.property(mutated(MESSAGES), survives), { numRuns: 1500 })
  fc.assert(fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => survives(Buffer.from(bytes))), { numRuns: 500 })
  const characters = fc.array(fc.constantFrom(...'#{}",=\\\n \tnaN01.e+_:TYPEHELPUNITOF\0é'), { maxLength: 40 })
  fc.assert(fc.property(characters, (list) => survives(Buffer.from(list.join('')))), { numRuns: 2000 })
})

t.test('every prefix of a valid body: entries or a Problem', async () => {
  for (const body of [TEXT, MESSAGES]) for (let end = 0; end < body.length; end++) survives(body.subarray(0, end))
})

const text = fc.string({ unit: fc.oneof(fc.constantFrom('a', '_', '9', '"', '\\', '\n', '.', ' ', '#', '{', '='), fc.string({ unit: 'grapheme', minLength: 1, maxLength: 1 })), maxLength: 12 })
  .filter((value) => value.isWellFormed() && !value.includes('\0'))
const name = text.filter((value) => value !== '')
const plainName = fc.stringMatching(/^[a-zA-Z_][a-zA-Z0-9_]{0,10}$/)
const number = fc.oneof(fc.double(), fc.integer(), fc.constantFrom(NaN, Infinity, -Infinity, -0))

function quote(value: string): string {
  return `"${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`
}

function numberWord(value: number): string {
  return Number.isFinite(value) ? (Object.is(value, -0) ? '-0' : String(value)) : Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf'
}

const series = fc.record({
  name: fc.oneof(name, plainName),
  quoted: fc.boolean(),
  labels: fc.dictionary(fc.oneof(name, plainName), text, { maxKeys: 5, noNullPrototype: false }),
  value: number,
})

t.test('any names, labels and values: written, then read back', async () => {
  fc.assert(
    fc.property(fc.array(series, { maxLength: 5 }), fc.constantFrom('text' as const, 'openmetrics' as const), (list, format) => {
      const simple = /^[a-zA-Z_][a-zA-Z0-9_]*$/
      const lines = list.map((each) => {
        const labels = Object.entries(each.labels).map(([label, value]) => `${simple.test(label) ? label : quote(label)}=${quote(value)}`)
        const outside = simple.test(each.name) && !each.quoted
        return `${outside ? each.name : ''}{${[...(outside ? [] : [quote(each.name)]), ...labels].join(',')}} ${numberWord(each.value)}`
      })
      const parser = openParser(Buffer.from([...lines, '# EOF', ''].join('\n')), format, {})
      for (const each of list) {
        assert.equal(parser.next(), 'series')
        const expected = [...Object.entries(each.labels).filter(([label]) => label !== '__name__')]
        const got = [...labelPairs(parser.labels())].filter(([label]) => label !== '__name__')
        assert.deepEqual(got, [...labelPairs(labelsOf(expected))])
        assert.ok(parser.labels().includes(each.name))
        assert.ok(Object.is(parser.value, each.value), `${parser.value} for ${each.value}`)
      }
      return parser.next() === (format === 'text' ? 'comment' : null)
    }),
    { numRuns: 500 },
  )
})

t.test('numbers are read as the nearest double', async () => {
  const decimal = fc.tuple(fc.stringMatching(/^[0-9]{1,20}$/), fc.stringMatching(/^[0-9]{0,20}$/), fc.integer({ min: -40, max: 40 }))
  fc.assert(
    fc.property(decimal, ([whole, fraction, exponent]) => {
      const word = `${whole}.${fraction}e${exponent}`
      return Object.is(parseNumber(word), Number(word))
    }),
    { numRuns: 3000 },
  )
  fc.assert(fc.property(fc.double(), (value) => Object.is(parseNumber(numberWord(value)), value)), { numRuns: 3000 })
})

/** A body whose names and values stand plainly, and the same with blanks and quotes, which the quick way leaves to the slow one. */
const spellings = fc
  .array(fc.tuple(plainName, fc.uniqueArray(fc.tuple(plainName, text.filter((value) => /^[\w./:-]*$/.test(value))), { selector: ([label]) => label, maxLength: 20 })), { maxLength: 5 })
  .map((list) => ({
    plain: list.map(([name, labels]) => `${name}{${labels.map(([label, value]) => `${label}=${quote(value)}`).join(',')}} 1\n`).join(''),
    other: list.map(([name, labels]) => `${name} { ${labels.map(([label, value]) => `${quote(label)} = ${quote(value)} ,`).join(' ')} } 1\n`).join(''),
  }))

t.test('labels are the same by the quick way and by the slow one', async () => {
  const all = (body: string, options: object) => {
    const parser = openParser(Buffer.from(body), 'text', options)
    const found: (readonly string[])[] = []
    while (parser.next() === 'series') found.push(parser.labels())
    return found
  }
  fc.assert(
    fc.property(spellings, ({ plain, other }) => {
      assert.deepEqual(all(plain, {}), all(other, {}))
      // Without TYPE and UNIT there are no such labels, but strings are made one by one.
      if (!/__(name|type|unit)__/.test(plain)) assert.deepEqual(all(plain, {}), all(plain, { typeAndUnitLabels: true }))
    }),
    { numRuns: 1000 },
  )
})
