// Conformance suites exposition_text, exposition_openmetrics, exposition_nhcb and exposition_content_type.

import assert from 'node:assert/strict'
import { Problem } from '../../../lib/diag/problem.js'
import { type EntryKind, type ExpositionFormat, type ExpositionParser, formatOf, openParser } from '../../../lib/wire/exposition/index.js'
import type { NativeHistogram } from '../../../lib/record/record.js'
import { numberOf } from '../../../lib/record/json.js'
import { labelPairs, labelsOfMap } from '../../../lib/record/labels.js'
import { millisOf } from '../../../lib/record/time.js'
import { bytesOf, type Case, numberIn, type Runner } from '../suite.js'

interface Options {
  type_and_unit_labels?: boolean
  skip_created_series?: boolean
  always_scrape_classic_histograms?: boolean
  convert_classic_histograms_to_nhcb?: boolean
}

interface Entry {
  [key: string]: unknown
}

function open(test: Case): ExpositionParser {
  const options = (test.options ?? {}) as Options
  const format = (test.format as ExpositionFormat | undefined) ?? formatOf(test.content_type as string, '').format
  assert.ok(format !== null)
  return openParser(bytesOf(test.input), format, {
    typeAndUnitLabels: options.type_and_unit_labels,
    createdAsStart: options.skip_created_series,
    classicHistograms: options.always_scrape_classic_histograms,
    convertToCustomBuckets: options.convert_classic_histograms_to_nhcb,
  })
}

/** A native histogram in the spelling of the cases: numbers, absent where 0. */
function plainHistogram(histogram: NativeHistogram): Entry {
  const side = (values: readonly (number | string)[] | undefined) =>
    values?.map((value) => numberOf(value) ?? Number(value))
  const number = (value: number | string | undefined) =>
    (value === undefined ? undefined : (numberOf(value) ?? Number(value)))
  return {
    schema: histogram.schema,
    count: number(histogram.count),
    sum: number(histogram.sum),
    zero_threshold: histogram.zero_threshold,
    zero_count: number(histogram.zero_count),
    positive_spans: histogram.positive_spans,
    positive_buckets: side(histogram.positive_deltas ?? histogram.positive_counts),
    negative_spans: histogram.negative_spans,
    negative_buckets: side(histogram.negative_deltas ?? histogram.negative_counts),
    custom_values: side(histogram.custom_values),
  }
}

function entryOf(kind: EntryKind, parser: ExpositionParser): Entry {
  if (kind === 'comment') return { kind, text: parser.text }
  if (kind === 'help' || kind === 'type' || kind === 'unit') return { kind, metric: parser.metric, [kind]: parser.text }
  const { buffer, keyStart, keyEnd } = parser
  return {
    kind,
    text: buffer.toString('utf8', keyStart, keyEnd),
    labels: new Map(labelPairs(parser.labels())),
    value: kind === 'series' ? parser.value : undefined,
    histogram: kind === 'histogram' ? plainHistogram(parser.histogram!) : undefined,
    timestamp_ms: parser.timestamp,
    start_timestamp_ms: parser.startTimestamp,
    exemplars: parser.exemplars(),
  }
}

function checkEntry(actual: Entry, expected: Entry): void {
  for (const [key, value] of Object.entries(expected)) {
    const got = actual[key]
    if (key === 'labels') {
      const pairs = (value as { $pairs?: [string, string][] }).$pairs ?? Object.entries(value as object)
      assert.deepEqual(labelsOfMap(got as Map<string, string>), labelsOfMap(new Map(pairs as [string, string][])), 'labels')
    } else if (key === 'value') assert.equal(got, numberIn(value), 'value')
    else if (key === 'histogram') checkHistogram(got as Entry, value as Entry)
    else if (key === 'exemplars') checkExemplars(got, value as Entry[])
    else assert.deepEqual(got, typeof value === 'string' || typeof value === 'number' ? value : bytesOf(value).toString(), key)
  }
  // Absent is none.
  if ('value' in expected) {
    assert.equal(actual.timestamp_ms, expected.timestamp_ms, 'timestamp_ms')
    assert.equal(actual.start_timestamp_ms, expected.start_timestamp_ms, 'start_timestamp_ms')
  }
}

function checkHistogram(actual: Entry, expected: Entry): void {
  const given = Object.fromEntries(Object.entries(actual).filter(([, value]) => value !== undefined))
  const wanted = Object.fromEntries(
    Object.entries(expected).map(([key, value]) => [key, typeof value === 'string' ? numberIn(value) : value]),
  )
  assert.deepEqual(given, wanted, 'histogram')
}

function checkExemplars(actual: unknown, expected: readonly Entry[]): void {
  const plain = (actual as { labels?: object; value: number | string; ts?: string }[]).map(({ labels, value, ts }) => ({
    labels: { ...labels },
    value: numberOf(value),
    ...(ts === undefined ? {} : { timestamp_ms: millisOf(ts) }),
  }))
  assert.deepEqual(plain, expected.map((exemplar) => ({ ...exemplar, value: numberIn(exemplar.value) })), 'exemplars')
}

function entriesOf(parser: ExpositionParser): Entry[] {
  const entries: Entry[] = []
  for (let kind = parser.next(); kind !== null; kind = parser.next()) entries.push(entryOf(kind, parser))
  return entries
}

/** kind=parse compares the entries; error and no_crash only whether the whole input can be read. */
const exposition: Runner = (test) => {
  const expected = test.expected as { ok?: boolean; entries?: Entry[] }
  let entries: Entry[] = []
  let problem: Problem | undefined
  try {
    entries = entriesOf(open(test))
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    problem = error
  }
  if (test.kind === 'no_crash') return
  assert.equal(problem === undefined, expected.ok ?? true, problem?.message)
  expected.entries?.forEach((entry, i) => {
    assert.ok(i < entries.length, `no entry ${i}`)
    checkEntry(entries[i], entry)
  })
  if (expected.entries !== undefined) assert.equal(entries.length, expected.entries.length, 'number of entries')
}

const contentType: Runner = (test) => {
  const expected = test.expected as { parser: string | null; error_contains?: string }
  const { format, warning } = formatOf(test.content_type as string, test.fallback_scrape_protocol as string)
  assert.equal(format, expected.parser)
  assert.equal(warning === undefined, expected.error_contains === undefined, warning)
  if (expected.error_contains !== undefined) assert.ok(warning!.includes(expected.error_contains), warning)
}

export const expositionSuites: { readonly [suite: string]: Runner } = {
  exposition_text: exposition,
  exposition_openmetrics: exposition,
  exposition_nhcb: exposition,
  exposition_content_type: contentType,
}
