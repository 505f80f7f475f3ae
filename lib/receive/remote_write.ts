// Requests of Prometheus remote write, 1.0 and 2.0, to records and answers.

import type { Account, Reject } from '../component.js'
import type { ServerAnswer, ServerRequest } from '../net/server.js'
import { type Batch, RecordBatch } from '../record/batch.js'
import type { Identity } from '../record/identity.js'
import { compareCodePoints } from '../record/json.js'
import type { Exemplar, NativeHistogram, Payload } from '../record/record.js'
import { readWriteRequest } from '../wire/remote_write/decode.js'
import { type Known, readRequest } from '../wire/remote_write/decode_v2.js'
import type { Memory } from '../wire/remote_write/known.js'
import { KnownStrings } from '../wire/remote_write/known_v2.js'
import { checkHistogram } from '../wire/remote_write/histogram.js'
import type { Point } from '../wire/remote_write/point.js'
import { Budget, TooMuch } from '../wire/remote_write/read.js'
import {
  attachExemplars, familyIdentity, type ReadRequest, type ReadSeries, seriesIdentity,
} from '../wire/remote_write/request.js'
import { labelsComplaint } from '../wire/remote_write/series.js'
import type { Version, Written } from '../wire/remote_write/version.js'
import { lengthOf, type Snappy } from '../wire/snappy.js'
import type { Acks } from './acks.js'
import { busy, complaintsText } from './answer.js'
import { Recent } from './recent.js'

export interface ReceiverOptions {
  snappy: Snappy
  /** Largest request after decompression. */
  max_request_bytes: number
  /** Most series, labels, samples, buckets and symbols of a request. */
  max_elements: number
  /** Series and families remembered. */
  max_identities: number
  /** What lets answers wait for commits; null: they do not. */
  acks: Acks | null
}

export interface ReceiverContext {
  readonly account: Account
  reject(reject: Reject): void
  emit(batch: Batch): void | Promise<void>
}

/** Separates labels in keys: no text that was read holds a high surrogate alone. */
const SEPARATOR = '\ud800'
const MESSAGES: { readonly [proto: string]: Version } = {
  'prometheus.WriteRequest': 1,
  'io.prometheus.write.v2.Request': 2,
}

/** The records of a request, in order, and what was wrong with it. */
interface Taken {
  ids: Identity[]
  payloads: Payload[]
  apart: { identity: Identity; exemplars: Exemplar[] }[]
  written: Written
  complaints: string[]
}

export class RemoteWriteReceiver {
  readonly #families: Recent<Identity>
  /** Identities, by what the two versions know series by. */
  readonly #knownOne: Recent<Identity>
  readonly #knownTwo: Known

  constructor(
    private readonly options: ReceiverOptions,
    private readonly context: ReceiverContext,
  ) {
    const { max_identities } = options
    this.#families = new Recent(max_identities)
    this.#knownOne = new Recent(max_identities)
    this.#knownTwo = { series: new Recent(max_identities), strings: new KnownStrings(new Recent(max_identities)) }
  }

  /** Answers when the records are passed on, or committed. */
  async answer({ headers, body }: ServerRequest): Promise<ServerAnswer> {
    this.context.account.in_bytes += body.length
    if (this.options.acks?.full === true) return busy('too many requests wait for their commit (--max-waiting)')
    const version = versionOf(headers['content-type'])
    if (typeof version === 'string') return { status: 415, text: version }
    const encoding = headers['content-encoding'] ?? 'snappy'
    if (encoding.toLowerCase() !== 'snappy')
      return { status: 415, text: `content-encoding ${encoding}: expected snappy` }
    const request = this.#read(body, version)
    if ('status' in request) return request
    const taken: Taken = {
      ids: [],
      payloads: [],
      apart: [],
      written: { samples: 0, histograms: 0, exemplars: 0 },
      complaints: [],
    }
    const known = version === 1 ? this.#knownOne : this.#knownTwo.series
    for (const series of request.series) this.#series(series, known, taken)
    this.#attach(taken)
    for (const { identity } of request.metadata) this.#push(identity, {}, taken)
    const stored = taken.ids.length === 0 || (await this.#pass(taken))
    return stored ? answerOf(taken, version) : busy('not committed within the time of --ack-timeout')
  }

  async #pass({ ids, payloads }: Taken): Promise<boolean> {
    const { acks } = this.options
    if (acks !== null) return acks.pass(ids, payloads)
    await this.context.emit(new RecordBatch(ids, payloads))
    return true
  }

  #read(body: Buffer, version: Version): ReadRequest | ServerAnswer {
    const { snappy, max_request_bytes: max, max_elements } = this.options
    const length = lengthOf(body)
    if (length === undefined) return { status: 400, text: 'not snappy (block format): no length in front' }
    if (length > max)
      return { status: 413, text: `${length} bytes uncompressed, more than ${max} (--max-request-bytes)` }
    let bytes: Buffer
    try {
      bytes = snappy.uncompress(body)
    } catch (error) {
      return { status: 400, text: `not snappy (block format): ${(error as Error).message}` }
    }
    try {
      const budget = new Budget(max_elements)
      return version === 1
        ? readWriteRequest(bytes, budget, this.#knownOne)
        : readRequest(bytes, budget, this.#knownTwo)
    } catch (error) {
      if (error instanceof TooMuch) return { status: 413, text: `more than ${max_elements} elements (--max-elements)` }
      const message = version === 1 ? 'prometheus.WriteRequest' : 'io.prometheus.write.v2.Request'
      return { status: 400, text: `not a ${message}: ${(error as Error).message}` }
    }
  }

  #series(series: ReadSeries, known: Memory<Identity>, taken: Taken): void {
    const identity = this.#identity(series, known)
    if (typeof identity === 'string') {
      taken.complaints.push(identity)
      for (const payload of series.points) this.#reject('invalid_series', identity, seriesIdentity(series), payload)
      return
    }
    this.#family(identity.name, series, taken)
    const { written } = taken
    for (const point of series.points) {
      const wrong = point.histogram === undefined ? null : checkHistogram(point.histogram as unknown as NativeHistogram)
      if (typeof wrong === 'string') {
        const detail = `${identity.name}: histogram: ${wrong}`
        taken.complaints.push(detail)
        this.#reject('invalid_sample', detail, identity, point)
        continue
      }
      this.#push(identity, point, taken)
      if (point.histogram === undefined) written.samples++
      else written.histograms++
    }
    if (series.exemplars.length > 0) taken.apart.push({ identity, exemplars: series.exemplars })
  }

  /** Prometheus sends exemplars apart from the samples of their series. */
  #attach({ apart, ids, payloads, written }: Taken): void {
    if (apart.length === 0) return
    const last = new Map(ids.map((identity, index) => [identity, payloads[index] as Point]))
    for (const { identity, exemplars } of apart) {
      const point = last.get(identity)
      if (point !== undefined) {
        attachExemplars([point], exemplars)
        written.exemplars += exemplars.length
        continue
      }
      // A record is a sample; there is none that they could stand with.
      this.context.account.in += exemplars.length
      this.context.account.drop('exemplar_without_sample', exemplars.length)
    }
  }

  /** The identity of a series, the same object as long as it is remembered; or what is wrong with it. */
  #identity(series: ReadSeries, known: Memory<Identity>): Identity | string {
    if (series.identity !== undefined) return series.identity
    const key = series.key ?? `${series.family?.kind ?? ''}${SEPARATOR}${series.labels.join(SEPARATOR)}`
    const before = known.get(key)
    if (before !== undefined) return before
    const complaint = complaintOf(series.labels)
    if (complaint !== null) return complaint
    const identity = seriesIdentity(series)
    known.set(key, identity)
    return identity
  }

  #family(name: string, { family }: ReadSeries, taken: Taken): void {
    if (family === undefined || (family.kind === 'unknown' && family.help === '' && family.unit === '')) return
    const identity = familyIdentity(name, family)
    if (this.#families.get(identity.name)?.prefix.equals(identity.prefix) === true) return
    this.#families.set(identity.name, identity)
    this.#push(identity, {}, taken)
  }

  #push(identity: Identity, payload: Payload, { ids, payloads }: Taken): void {
    ids.push(identity)
    payloads.push(payload)
  }

  #reject(reason: string, detail: string, identity: Identity, payload: Payload): void {
    this.context.account.in++
    this.context.reject({ reason, detail, original: { identity, payload } })
  }
}

/** The version of a Content-Type; absent it is 1.0, as senders of old leave it out. A string says what is wrong. */
function versionOf(contentType = 'application/x-protobuf'): Version | string {
  const [type, ...parameters] = contentType.split(';').map((part) => part.trim())
  const expected = `expected application/x-protobuf, with proto=${Object.keys(MESSAGES).join(' or ')}`
  if (type.toLowerCase() !== 'application/x-protobuf') return `content-type ${type}: ${expected}`
  const proto = parameters.find((parameter) => /^proto=/i.test(parameter))?.slice('proto='.length)
  if (proto === undefined) return 1
  return Object.hasOwn(MESSAGES, proto) ? MESSAGES[proto] : `proto ${proto}: ${expected}`
}

function complaintOf(labels: readonly string[]): string | null {
  const pairs = Array.from({ length: labels.length / 2 }, (_, i) => [labels[2 * i], labels[2 * i + 1]] as const)
  pairs.sort(([a], [b]) => compareCodePoints(a, b))
  const complaint = labelsComplaint(pairs.flat())
  if (complaint !== null) return complaint
  const named = pairs.some(([name, value]) => name === '__name__' && value !== '')
  return named ? null : `no metric name in ${JSON.stringify(Object.fromEntries(pairs)).slice(0, 200)}`
}

/** What is good is taken, whatever stood beside it; the answer says what was not. */
function answerOf({ written, complaints }: Taken, version: Version): ServerAnswer {
  const headers: { [name: string]: string } = {}
  if (version === 2) {
    for (const [kind, count] of Object.entries(written))
      headers[`x-prometheus-remote-write-${kind}-written`] = String(count)
  }
  if (complaints.length === 0) return { status: 204, headers }
  return { status: 400, headers, text: complaintsText(complaints) }
}
