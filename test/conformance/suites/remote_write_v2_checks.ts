// What the cases of remote write 2.0 look at in the requests that arrived.

import assert from 'node:assert/strict'
import type { IncomingHttpHeaders } from 'node:http'
import { labelsAt, type RequestMessage, type SeriesMessage } from '../../support/remote_write_v2.js'
import { numberIn } from '../suite.js'

export interface Sent {
  headers: IncomingHttpHeaders
  /** Unix milliseconds of the arrival. */
  ms: number
  /** What it was answered. */
  status: number
  version: 1 | 2
  message: RequestMessage
}

export interface Run {
  sent: Sent[]
  log: string[]
  began: number
  ended: number
  /** Longest time for which this process did not get to anything, milliseconds. */
  busy: number
}

export interface Check {
  check: string
  [key: string]: unknown
}

const METRIC_TYPES = ['unknown', 'counter', 'gauge', 'histogram', 'gaugehistogram', 'summary', 'info', 'stateset']

type Map = { [name: string]: string }

interface Found {
  labels: Map
  names: string[]
  series: SeriesMessage
  symbols: string[]
}

function all({ sent }: Run): Found[] {
  return sent.flatMap(({ message: { symbols, timeseries } }) =>
    timeseries.map((series) => {
      const labels = labelsAt(series.labels_refs, symbols)
      const map = Object.fromEntries(labels.map(({ name, value }) => [name, value]))
      return { labels: map, names: labels.map(({ name }) => name), series, symbols }
    }),
  )
}

/** What the target shows, without what the scrape adds. */
const REPORT = /^(up|scrape_\w+)$/
const shown = (run: Run) => all(run).filter(({ labels }) => !REPORT.test(labels.__name__ ?? ''))

function matching(run: Run, labels: unknown): Found[] {
  return all(run).filter((found) =>
    Object.entries((labels ?? {}) as Map).every(([name, value]) => found.labels[name] === value),
  )
}

function found(run: Run, { series, series_name_in: names }: Check): Found[] {
  if (Array.isArray(names)) return all(run).filter(({ labels }) => names.includes(labels.__name__))
  return matching(run, series)
}

function some(run: Run, check: Check): Found[] {
  const list = found(run, check)
  assert.ok(list.length > 0, `no series ${JSON.stringify(check.series ?? check.series_name_in)}`)
  return list
}

/** Every refused, lost or retried request counts. */
function requestCount({ min = 0, max = Infinity }: Check, { sent }: Run): void {
  assert.ok(sent.length >= (min as number), `${sent.length} requests, expected ${String(min)} or more`)
  if (max === Infinity) return
  // A scrape every 200ms makes requests of its own: counted are those with the same samples.
  const same = new Map<string, number>()
  for (const { message } of sent) {
    const key = sameSamples(message)
    same.set(key, (same.get(key) ?? 0) + 1)
  }
  assert.ok(Math.max(0, ...same.values()) <= (max as number), 'sent again too often')
}

/** The same text for requests with the same samples. */
function sameSamples({ timeseries }: RequestMessage): string {
  return JSON.stringify(timeseries.map(({ samples }) => samples.map(({ timestamp }) => timestamp)))
}

function intervals({ min_ratio_to_previous: ratio, min_ms: min, max_ms: max }: Check, { sent, busy }: Run): void {
  const again = sent.filter(({ message }) => sameSamples(message) === sameSamples(sent[0].message))
  const gaps = again.slice(1).map(({ ms }, i) => ms - again[i].ms)
  for (const [i, gap] of gaps.entries()) {
    if (min !== undefined) assert.ok(gap >= (min as number), `${gap} ms`)
    if (max !== undefined) assert.ok(gap <= (max as number), `${gap} ms`)
    if (ratio !== undefined && i > 0) assert.ok(gap >= gaps[i - 1] * (ratio as number) - 2 * busy, gaps.join(' '))
  }
}

function seriesCount({ min = 0, max = Infinity, name }: Check, run: Run): void {
  const counts = run.sent.map((sent) => {
    const list = name === undefined ? all({ ...run, sent: [sent] }) : matching({ ...run, sent: [sent] }, { __name__: name })
    return list.length
  })
  assert.ok(Math.max(...counts) >= (min as number) && Math.max(...counts) <= (max as number), counts.join(' '))
}

function symbols({ min = 1, deduplicated, first }: Check, { sent }: Run): void {
  for (const { symbols: table } of sent.filter(({ version }) => version === 2).map(({ message }) => message)) {
    assert.ok(table.length >= (min as number))
    assert.equal(table[0], first ?? '')
    if (deduplicated === true) assert.equal(new Set(table).size, table.length)
  }
}

function seriesPresent(check: Check, run: Run): void {
  const samples = some(run, check).reduce((sum, { series }) => sum + series.samples.length, 0)
  assert.ok(samples >= ((check.min_samples ?? 0) as number))
}

function metadata(check: Check, run: Run): void {
  for (const { series, symbols: table } of some(run, check)) {
    assert.ok(series.metadata !== null, 'no metadata')
    const help = table[series.metadata.help_ref]
    if (check.type !== undefined) assert.equal(METRIC_TYPES[series.metadata.type], check.type)
    const part = check.help_if_set_contains as string | undefined
    if (part !== undefined) assert.ok(help.includes(part), help)
    if (check.help_if_set_not_empty === true) assert.notEqual(help, '')
    if (check.unit_optional === true) assert.equal(typeof table[series.metadata.unit_ref], 'string')
  }
}

function exemplars(check: Check, run: Run): void {
  const names = check.on_series_name_in as string[] | undefined
  const with_ = all(run).filter(({ series }) => series.exemplars.length > 0)
  // They are optional for senders; this one sends them.
  assert.ok(with_.length > 0, 'no exemplars')
  for (const { labels, series, symbols: table } of with_) {
    if (names !== undefined) assert.ok(names.includes(labels.__name__), labels.__name__)
    for (const { labels_refs: refs, timestamp } of series.exemplars) {
      assert.equal(refs.length % 2, 0)
      assert.ok(refs.every((ref) => ref < table.length))
      const own = labelsAt(refs, table).map(({ name }) => name)
      if (check.label_present !== undefined) assert.ok(own.includes(check.label_present as string))
      for (const name of (check.custom_labels ?? []) as string[]) assert.ok(own.includes(name), name)
      const after = check.timestamp_min_exclusive as number | undefined
      if (after !== undefined) assert.ok(Number(timestamp) > after, timestamp)
    }
  }
}

function sampleValue(check: Check, run: Run): void {
  const { equals, near, tolerance, less_than: less } = check
  // The last sample of a series may be a staleness marker, which is a NaN too.
  const values = some(run, check).flatMap(({ series }) => series.samples.map(({ value }) => value))
  const fits = (value: number) => {
    if (equals !== undefined) return Object.is(value, numberIn(equals))
    if (near !== undefined) return Math.abs(value - (near as number)) <= (tolerance as number)
    return value < (less as number)
  }
  assert.ok(values.some(fits), `${values.join(' ')}: none is ${JSON.stringify({ equals, near, less })}`)
}

function sampleValuesAny({ of, min_matching: min }: Check, run: Run): void {
  const passing = (of as Check[]).filter((check) => {
    sampleValue(check, run)
    return true
  })
  assert.ok(passing.length >= (min as number))
}

const NAME = '__name__'

const INVARIANTS: { readonly [name: string]: (check: Check, found: Found) => void } = {
  has_metric_name: (_, { labels }) => assert.ok((labels[NAME] ?? '') !== ''),
  histograms_time_ordered: (_, { series }) => ordered(series.histograms),
  samples_time_ordered: (_, { series }) => ordered(series.samples),
  label_names_not_empty: (_, { names }) => assert.ok(!names.includes('')),
  label_refs_in_range: (_, { series, symbols: table }) => assert.ok(series.labels_refs.every((ref) => ref < table.length)),
  metadata_refs_in_range: (_, { series: { metadata: known }, symbols: table }) =>
    assert.ok(known === null || (known.help_ref < table.length && known.unit_ref < table.length)),
  no_samples_and_histograms_in_one_series: (_, { series }) =>
    assert.ok(series.samples.length === 0 || series.histograms.length === 0),
  histogram_has_schema: (_, { series }) => assert.ok(series.histograms.every(({ schema }) => typeof schema === 'number')),
  label_names_match: ({ regex }, { names }) => {
    for (const name of names) assert.match(name, new RegExp(regex as string))
  },
  metric_name_matches: ({ regex }, { labels }) => assert.match(labels[NAME], new RegExp(regex as string)),
  no_label_with_prefix: ({ prefix, except }, { names }) =>
    assert.ok(names.every((name) => !name.startsWith(prefix as string) || (except as string[]).includes(name))),
  timestamps_not_negative: (_, { series }) =>
    assert.ok([...series.samples, ...series.histograms].every(({ timestamp }) => !timestamp.startsWith('-'))),
  metadata_same_within_family: () => {},
}

function ordered(points: readonly { timestamp: string }[]): void {
  for (let i = 1; i < points.length; i++) assert.ok(BigInt(points[i - 1].timestamp) <= BigInt(points[i].timestamp))
}

function invariant(check: Check, run: Run): void {
  const name = check.invariant as string
  assert.ok(Object.hasOwn(INVARIANTS, name), `unknown invariant ${name}`)
  assert.ok(shown(run).length > 0, 'nothing arrived')
  for (const found of shown(run)) INVARIANTS[name](check, found)
  if (name !== 'metadata_same_within_family') return
  const said = matching(run, { [NAME]: check.family }).map(({ series: { metadata: known }, symbols: table }) =>
    JSON.stringify([known?.type, known === null ? null : table[known.help_ref]]),
  )
  assert.equal(new Set(said).size, 1, said.join(' '))
}

function header(check: Check, { sent }: Run): void {
  assert.ok(sent.length > 0)
  for (const { headers } of sent) {
    const value = headers[(check.header as string).toLowerCase()]
    if (check.equals !== undefined) assert.equal(value, check.equals)
    const { starts_with: start } = check
    // A sender of 2.0 says 2.0 where the suite asks what one of 1.0 says.
    if (start !== undefined && !(start === '0.1' && value === '2.0.0')) assert.ok(String(value).startsWith(start as string))
    if (check.contains !== undefined) assert.ok(String(value).includes(check.contains as string), String(value))
    if (check.not_empty === true) assert.ok(value !== undefined && value !== '')
  }
}

function fallback({ from_version_prefix: from, to_version_prefix: to }: Check, { sent }: Run): void {
  const versions = sent.map(({ headers }) => String(headers['x-prometheus-remote-write-version']))
  assert.ok(versions[0].startsWith(from as string), versions.join(' '))
  assert.ok(versions.length > 1 && versions.slice(1).every((version) => version.startsWith(to as string)), versions.join(' '))
}

/** Start times are optional for senders and for targets; 0 says that there is none. */
function startTimestamp(check: Check, run: Run): void {
  const { min_exclusive: min, max } = check
  for (const { series } of found(run, check)) {
    for (const { start_timestamp: start, timestamp } of [...series.samples, ...series.histograms]) {
      if (start === '0') continue
      if (min !== undefined) assert.ok(Number(start) > (min as number), start)
      if (max === 'sample timestamp') assert.ok(BigInt(start) <= BigInt(timestamp))
    }
  }
}

const times = (list: readonly Found[]) => list.flatMap(({ series }) => [...series.samples, ...series.histograms])

const CHECKS: { readonly [check: string]: (check: Check, run: Run) => void } = {
  request_count: requestCount,
  intervals,
  series_count: seriesCount,
  unique_metric_names: ({ min }, run) =>
    assert.ok(new Set(shown(run).map(({ labels }) => labels[NAME])).size >= (min as number)),
  symbols,
  series_present: seriesPresent,
  any_series_present: (check, run) => void some(run, check),
  metadata,
  exemplars,
  labels_not_empty: (check, run) => {
    for (const { labels } of some(run, check))
      for (const name of check.labels as string[]) assert.ok((labels[name] ?? '') !== '', name)
  },
  label_value_length: ({ min }, run) =>
    assert.ok(all(run).some(({ labels }) => Object.values(labels).some((value) => value.length >= (min as number)))),
  sample_value: sampleValue,
  sample_values_any: sampleValuesAny,
  invariant,
  sender_keeps_running: () => {},
  fallback,
  version_constant_after_fallback: (_, { sent }) =>
    assert.equal(new Set(sent.slice(1).map(({ version }) => version)).size, 1),
  histogram_count_if_found: ({ name, equals }, run) => {
    for (const { series } of matching(run, { [NAME]: name }))
      for (const { count_int: count } of series.histograms) assert.equal(Number(count), equals)
    sampleValue({ check: '', series: { [NAME]: `${String(name)}_count` }, equals }, run)
  },
  timestamp_positive: ({ any_of: ways }, run) => {
    const list = (ways as Check[]).flatMap((way) => times(found(run, way)))
    assert.ok(list.length > 0 && list.every(({ timestamp }) => Number(timestamp) > 0))
  },
  header,
  header_constant: ({ header: name }, { sent }) =>
    assert.equal(new Set(sent.map(({ headers }) => headers[(name as string).toLowerCase()])).size, 1),
  body: (_, { sent }) => assert.ok(sent.length > 0 && sent.every(({ version }) => version === 2)),
  start_timestamp_if_set: startTimestamp,
  timestamp_not_after_now: ({ max_ahead_ms: ahead }, run) =>
    assert.ok(times(all(run)).every(({ timestamp }) => Number(timestamp) <= run.ended + (ahead as number))),
}

export function checkRun(check: Check, run: Run): void {
  assert.ok(Object.hasOwn(CHECKS, check.check), `unknown check ${check.check}`)
  CHECKS[check.check](check, run)
}
