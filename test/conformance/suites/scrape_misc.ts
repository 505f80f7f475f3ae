// The suite scrape_misc: single rules of scraping, and whole scrapes over HTTP.

import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { createServer, type IncomingHttpHeaders, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'
import type { HttpClient } from '../../../lib/net/client.js'
import type { Batch } from '../../../lib/record/batch.js'
import type { NativeHistogram } from '../../../lib/record/record.js'
import { isSeriesOfFamily } from '../../../lib/scrape/family.js'
import { fetchBody } from '../../../lib/scrape/fetch.js'
import { bucketCount, limitBuckets } from '../../../lib/scrape/histogram.js'
import { targetLimitError } from '../../../lib/scrape/pool.js'
import { acceptHeader, type ScrapeProtocol } from '../../../lib/scrape/protocol.js'
import { reportFamilies } from '../../../lib/scrape/report.js'
import type { Scraper } from '../../../lib/scrape/scraper.js'
import { clientWith } from '../../support/client.js'
import { bytesOf, type Case } from '../suite.js'
import { scraperOf } from './scrape_append.js'
import { type Config, samplesOf } from './scrape_support.js'

type Expected = { [key: string]: unknown }

export function misc(test: Case): void | Promise<void> {
  const expected = test.expected as Expected
  switch (test.kind) {
    case 'series_part_of_family':
      return equal(isSeriesOfFamily(test.series_name as string, test.family as string, test.type as string), test.expected)
    case 'accept_header':
      return equal(acceptHeader(test.scrape_protocols as ScrapeProtocol[], test.escaping as string), test.expected)
    case 'native_histogram_bucket_limit':
      return bucketLimit(test, expected)
    case 'target_limit': {
      const targets = (test.unique_targets ?? test.targets) as number
      return equal(targetLimitError(targets, test.target_limit as number)?.message ?? null, expected.error)
    }
    case 'report_metadata':
      return reportMetadata(expected)
    case 'body_size_limit':
    case 'http_status':
    case 'scrape_request':
      return request(test, expected)
    case 'end_to_end':
      return endToEnd(test, expected)
    default:
      throw new Error(`unknown kind ${test.kind}`)
  }
}

function bucketLimit(test: Case, expected: Expected): void {
  const { positive_buckets, negative_buckets, ...rest } =
    test.histogram as NativeHistogram & { [key: string]: number[] }
  const histogram: NativeHistogram = { ...rest, positive_deltas: positive_buckets, negative_deltas: negative_buckets }
  let limited: NativeHistogram | null = null
  try {
    limited = limitBuckets(histogram, test.native_histogram_bucket_limit as number, 8)
  } catch {
    // The case says whether that is right.
  }
  equal(limited === null, expected.error)
  if (limited === null) return
  if (expected.bucket_count !== undefined) equal(bucketCount(limited), expected.bucket_count)
  if (expected.schema !== undefined) equal(limited.schema, expected.schema)
}

/** Type and unit of the series that the scraper makes; the help is ours. */
function reportMetadata(expected: Expected): void {
  const ours = new Map(reportFamilies(true).map(({ name, kind, unit }) => [name, { type: kind, unit }]))
  const list = expected.metadata ?? expected
  for (const [name, wanted] of Object.entries(list as { [name: string]: { [key: string]: string } })) {
    const family = wanted.metric ?? wanted.name ?? name
    const own = ours.get(family)
    ok(own !== undefined, `no ${family}`)
    if (wanted.type !== undefined) equal(own.type, wanted.type)
    if (wanted.unit !== undefined) equal(own.unit, wanted.unit)
  }
}

interface Server {
  address: string
  close(): Promise<unknown>
}

async function serve(listener: RequestListener): Promise<Server> {
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => new Promise((resolve) => {
      server.close(resolve)
      server.closeAllConnections()
    }),
  }
}

async function scraping<T>(
  config: Config,
  listener: RequestListener,
  work: (scraper: Scraper, client: HttpClient, batches: Batch[]) => Promise<T>,
): Promise<T> {
  const server = await serve(listener)
  const client = await clientWith()
  const batches: Batch[] = []
  try {
    return await work(scraperOf(config, client, () => 1_700_000_000_000, batches, server.address), client, batches)
  } finally {
    await client.close()
    await server.close()
  }
}

async function request(test: Case, expected: Expected): Promise<void> {
  let seen: IncomingHttpHeaders = {}
  const body = bytesOf(test.body ?? '')
  const gzip = test.content_encoding === 'gzip'
  const listener: RequestListener = (request, response) => {
    seen = request.headers
    const type = (test.content_type ?? 'text/plain; version=0.0.4') as string
    response.writeHead((test.status ?? 200) as number, { 'content-type': type, ...(gzip ? { 'content-encoding': 'gzip' } : {}) })
    response.end(gzip ? gzipSync(body) : body)
  }
  await scraping({}, listener, async ({ target }, client) => {
    const options = {
      accept: acceptHeader((test.scrape_protocols ?? ['PrometheusText0.0.4']) as ScrapeProtocol[], (test.escaping ?? 'allow-utf-8') as string),
      compression: gzip,
      bodySizeLimit: (test.body_size_limit ?? 0) as number,
    }
    const got = await fetchBody(client, target, options, new AbortController().signal).catch((error: Error) => error)
    const failed = got instanceof Error
    if (expected.error !== undefined) equal(failed, expected.error !== false && expected.error !== null, failed ? got.message : 'no error')
    if (failed && typeof expected.error_contains === 'string') ok(got.message.includes(expected.error_contains), got.message)
    if (!failed && expected.bytes_read !== undefined) equal(got.body.length, expected.bytes_read)
    if (!failed && typeof expected.content_type === 'string') equal(got.contentType, expected.content_type)
    match(String(seen['x-prometheus-scrape-timeout-seconds']), /^\d+(\.\d+)?$/)
  })
}

interface Wanted {
  labels_include?: { [name: string]: string }
  labels_exclude?: string[]
  value?: number
}

async function endToEnd(test: Case, expected: Expected): Promise<void> {
  const config = { ...(test.scrape_config as Config), target_labels: test.target_labels }
  const listener: RequestListener = (_, response) => {
    response.setHeader('content-type', (test.content_type ?? 'text/plain; version=0.0.4') as string)
    response.end(bytesOf(test.body ?? ''))
  }
  const samples = await scraping(config, listener, async (scraper, _, batches) => {
    await scraper.scrape(1_700_000_000_000, new AbortController().signal, null)
    return samplesOf(batches)
  })
  for (const { labels_include = {}, labels_exclude = [], value } of (expected.samples ?? []) as Wanted[]) {
    const found = samples.find(({ labels }) => Object.entries(labels_include).every(([name, text]) => labels[name] === text))
    ok(found !== undefined, `no sample with ${JSON.stringify(labels_include)}`)
    deepEqual(labels_exclude.filter((name) => Object.hasOwn(found.labels, name)), [])
    if (value !== undefined) equal(found.value, value)
  }
  for (const wanted of (expected.label_values ?? []) as { metric?: string; metric_regex?: string; label: string; values: string[] }[]) {
    const pattern = new RegExp(`^(?:${wanted.metric_regex ?? wanted.metric})$`)
    const values = samples.filter(({ labels }) => pattern.test(labels.__name__)).map(({ labels }) => labels[wanted.label])
    deepEqual([...new Set(values)].sort(), wanted.values)
  }
}
