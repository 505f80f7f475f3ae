// The suites of remote write: the client's decisions, and the whole sender as the pipe `scrape | write prometheus`.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { retryAfter } from '../../../lib/delivery/backoff.js'
import { outcomeOf } from '../../../lib/delivery/outcome.js'
import { parseDuration } from '../../../lib/option/value.js'
import { labelsOfObject } from '../../../lib/record/labels.js'
import { labelsComplaint, seriesLabels } from '../../../lib/wire/remote_write/series.js'
import { type Received, Receiver, samplesOf } from '../../support/remote_write.js'
import { start } from '../../support/running.js'
import { bytesOf, type Case, numberIn, type Runner } from '../suite.js'

const map = (value: unknown) => (value ?? {}) as { [name: string]: string }

/** Bytes to a string in which those that are no UTF-8 are lone surrogates, and back. */
function textOf(value: unknown): string {
  const bytes = bytesOf(value)
  const text = bytes.toString()
  return Buffer.from(text).equals(bytes)
    ? text
    : [...bytes].map((byte) => String.fromCharCode(byte < 0x80 ? byte : 0xdc00 + byte)).join('')
}

function checkStatus(test: Case): void {
  const expected = test.expected as {
    ok?: boolean
    recoverable?: boolean
    error_starts_with?: string
    retry_after?: string
  }
  const { text = '' } = map(test.body_repeat)
  const header = map(test.headers)['Retry-After']
  const outcome = outcomeOf(
    test.status as number,
    Buffer.from(text.repeat(1000)),
    header,
    test.retry_on_http_429 !== false,
    Date.now(),
  )
  if (expected.ok !== undefined) assert.equal(outcome.kind === 'stored', expected.ok)
  if (expected.recoverable !== undefined) assert.equal(outcome.kind === 'retry', expected.recoverable)
  if (expected.retry_after !== undefined)
    assert.equal(outcome.kind === 'retry' && outcome.after, parseDuration(expected.retry_after))
  // The wording is our own; it names the status and shows a bounded part of the body.
  if (expected.error_starts_with !== undefined) {
    const words = outcome.kind === 'stored' ? '' : outcome.words
    assert.match(words, new RegExp(`^${String(test.status)} .*: .`))
    assert.ok(words.length < 1024)
  }
}

/** The delay that a header asks for; a date may be given as seconds from now. */
function checkRetryAfter(test: Case): void {
  const given = [test.header, test.retry_after, test.value, test.input, map(test.headers)['Retry-After']].find(
    (value) => value !== undefined,
  )
  const expected = test.expected as string | { [key: string]: unknown }
  const wanted =
    typeof expected === 'string'
      ? expected
      : Object.values(expected).find((value) => typeof value === 'string' || typeof value === 'number')
  const delay = typeof wanted === 'number' ? wanted * 1000 : parseDuration(String(wanted))
  const now = typeof test.now === 'string' ? Date.parse(test.now) : Date.now()
  assert.ok(Math.abs(retryAfter(String(given ?? ''), now) - delay!) <= 1000)
}

function checkExternalLabels(test: Case): void {
  const labels = seriesLabels('', labelsOfObject(map(test.labels)), new Map(Object.entries(map(test.external_labels))))
  assert.deepEqual(labels, labelsOfObject(map(test.expected)))
}

function checkLabels(test: Case): void {
  const expected = test.expected as { ok: boolean; error_equals?: unknown }
  const complaint = labelsComplaint((test.labels as unknown[][]).flat().map(textOf))
  assert.equal(complaint === null, expected.ok)
  if (expected.error_equals !== undefined) assert.equal(complaint, textOf(expected.error_equals))
}

const CLIENT_CHECKS: { readonly [kind: string]: (test: Case) => void } = {
  status: checkStatus,
  retry_after: checkStatus,
  retry_after_header: checkRetryAfter,
  external_labels: checkExternalLabels,
  validate_labels: checkLabels,
}

export const client: Runner = (test) => {
  const check = CLIENT_CHECKS[test.kind ?? '']
  assert.ok(check !== undefined, `unknown kind ${test.kind}`)
  check(test)
}

interface Step {
  times?: number
  status: number
  body?: string
  headers?: { [name: string]: string }
}

/** What the checks of a case look at. */
interface Run {
  receiver: Receiver
  /** Stored samples, in order of arrival. */
  samples: Received[]
  began: number
  ended: number
}

interface Check {
  check: string
  [key: string]: unknown
}

/** Scrapes are quicker than the case says, and the run ends when there is enough to check. */
const EVERY = '100ms'
const ENOUGH_SCRAPES = 4

export const sender: Runner = async (test) => {
  const target = createServer((_, response) =>
    response.writeHead(200, { 'content-type': contentType(test) }).end(exposition(test)),
  )
  target.listen(0, '127.0.0.1')
  await once(target, 'listening')
  const script = (test.receiver as { script: Step[] }).script
  // The script is about samples; metadata comes beside them, in requests of its own.
  let requests = 0
  const receiver = await Receiver.start((_, { timeseries }) =>
    timeseries.length === 0 ? { status: 204 } : stepAt(script, requests++),
  )
  const began = Date.now()
  const { job_name = 'test' } = map(test.scrape_config)
  const url = `http://127.0.0.1:${(target.address() as AddressInfo).port}/metrics`
  // One request at a time holds all series of a scrape, as the cases expect.
  const write = `solder write prometheus ${receiver.url} --batch-wait 50ms --concurrency 1 --drain-timeout 20s`
  const pipe = start(`solder scrape ${url} --every ${EVERY} --job ${job_name} | ${write}`)
  try {
    const enough = receiver.until(({ stored }) => scrapesIn(samplesOf(stored)) >= ENOUGH_SCRAPES)
    await Promise.race([
      enough,
      sleep(((test.run_seconds as number | undefined) ?? 10) * 1000, undefined, { ref: false }),
    ])
    await pipe.stop()
    const run: Run = { receiver, samples: samplesOf(receiver.stored), began, ended: Date.now() }
    for (const check of (test.expected as { checks: Check[] }).checks) senderCheck(check, run)
  } finally {
    await pipe.stop('SIGKILL')
    await receiver.stop()
    target.closeAllConnections()
    target.close()
  }
}

function contentType(test: Case): string {
  return (test.content_type as string | undefined) ?? 'text/plain; version=0.0.4'
}

function exposition(test: Case): string {
  const template = (test.exposition_per_scrape as { template: string } | undefined)?.template
  if (template === undefined) return test.exposition as string
  return template.replaceAll('${NOW_S}', String(Math.floor(Date.now() / 1000)))
}

function stepAt(script: readonly Step[], index: number): Step {
  let left = index
  for (const step of script) {
    left -= step.times ?? 1
    if (left < 0) return step
  }
  return script[script.length - 1]
}

function scrapesIn(samples: readonly Received[]): number {
  return new Set(samples.filter(({ labels }) => labels.__name__ === 'up').map(({ ms }) => ms)).size
}

/** Prometheus 3 spells le="1" as le="1.0"; the suite is older. */
function sameLabel(name: string, actual: string | undefined, wanted: string): boolean {
  if (actual === wanted) return true
  return (
    (name === 'le' || name === 'quantile') && actual !== undefined && wanted !== '' && Number(actual) === Number(wanted)
  )
}

function matching(samples: readonly Received[], labels: unknown): Received[] {
  return samples.filter((sample) =>
    Object.entries(map(labels)).every(([name, wanted]) => sameLabel(name, sample.labels[name], wanted)),
  )
}

function checkSamples(check: Check, run: Run): void {
  const found = matching(run.samples, check.labels_contain)
  const count = (check.min_count ?? 0) as number
  assert.ok(
    found.length >= count,
    `${JSON.stringify(check.labels_contain)}: ${found.length} samples, expected ${count} or more`,
  )
  if (check.max_count !== undefined) assert.ok(found.length <= (check.max_count as number), `${found.length} samples`)
  for (const { value, stale, ms } of found) {
    if (check.every_value !== undefined) {
      if (check.every_value === 'StaleNaN') assert.ok(stale)
      else assert.ok(Object.is(value, numberIn(check.every_value)), `${value} is not ${String(check.every_value)}`)
    }
    const near = check.value_near_timestamp_relative as number | undefined
    if (near !== undefined) assert.ok(Math.abs(value - ms) <= near * ms, `${value} is far from ${ms}`)
  }
}

function checkSameCount(check: Check, run: Run): void {
  const counts = (check.of as unknown[]).map((labels) => matching(run.samples, labels).length)
  assert.equal(new Set(counts).size, 1, `counts differ: ${counts.join(', ')}`)
}

const INVARIANTS: readonly [RegExp, (labels: { name: string; value: string }[]) => boolean][] = [
  [
    /sort/,
    (labels) =>
      labels.every(({ name }, i) => i === 0 || Buffer.compare(Buffer.from(labels[i - 1].name), Buffer.from(name)) < 0),
  ],
  [/repeat|unique|dupl/, (labels) => new Set(labels.map(({ name }) => name)).size === labels.length],
  [/empty/, (labels) => labels.every(({ name, value }) => name !== '' && value !== '')],
  [/name/, (labels) => labels.some(({ name, value }) => name === '__name__' && value !== '')],
]

function checkInvariant(check: Check, run: Run): void {
  const invariant = INVARIANTS.find(([word]) => word.test(check.invariant as string))
  assert.ok(invariant !== undefined, `unknown invariant ${String(check.invariant)}`)
  for (const { labels } of run.receiver.stored.flatMap(({ timeseries }) => timeseries))
    assert.ok(invariant[1](labels), JSON.stringify(labels))
}

function checkRetried(check: Check, run: Run): void {
  const { arrivals } = run.receiver
  const failed = arrivals.findIndex(
    ({ status, message }) => status >= 300 && matching(samplesOf([message]), check.labels_contain).length > 0,
  )
  assert.ok(failed >= 0, 'no request with the sample was answered with an error')
  const [lost] = matching(samplesOf([arrivals[failed].message]), check.labels_contain)
  const again = arrivals
    .slice(failed + 1)
    .some(({ message }) => matching(samplesOf([message]), lost.labels).some(({ ms }) => ms === lost.ms))
  assert.equal(again, check.must_arrive_again ?? true)
}

function checkHeader(check: Check, run: Run): void {
  for (const { headers } of run.receiver.arrivals) {
    const value = headers[(check.header as string).toLowerCase()]
    if (check.equals !== undefined) assert.equal(value, check.equals)
    if (check.starts_with !== undefined) assert.ok(String(value).startsWith(check.starts_with as string), String(value))
    if (check.contains !== undefined) assert.ok(String(value).includes(check.contains as string), String(value))
    if (check.not_empty === true) assert.ok(value !== undefined && value !== '')
  }
}

/** In the order of arrival, by series. */
function checkOrder(_: Check, run: Run): void {
  const last = new Map<string, number>()
  for (const { labels, ms } of run.samples) {
    const key = JSON.stringify(labels)
    assert.ok((last.get(key) ?? 0) <= ms, `${key} goes back in time`)
    last.set(key, ms)
  }
}

const SENDER_CHECKS: { readonly [check: string]: (check: Check, run: Run) => void } = {
  samples: checkSamples,
  same_count: checkSameCount,
  invariant: checkInvariant,
  retried_sample: checkRetried,
  header: checkHeader,
  timestamps_not_decreasing: checkOrder,
  timestamps_within_run: (_, { samples, began, ended }) =>
    assert.ok(samples.every(({ ms }) => ms >= began - 1 && ms <= ended)),
  request_count: (check, { receiver }) => assert.ok(receiver.arrivals.length >= ((check.min ?? 0) as number)),
}

function senderCheck(check: Check, run: Run): void {
  const how = SENDER_CHECKS[check.check]
  assert.ok(how !== undefined, `unknown check ${check.check}`)
  how(check, run)
}
