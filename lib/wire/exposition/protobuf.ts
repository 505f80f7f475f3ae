// The protobuf format: length-delimited io.prometheus.client.MetricFamily messages, shown as the text formats would
// show them, and native histograms.

import { EXIT, Problem } from '../../diag/problem.js'
import type { Labels } from '../../record/labels.js'
import type { Exemplar, NativeHistogram } from '../../record/record.js'
import { isLegacyName } from './characters.js'
import { sortLabels } from './cursor.js'
import { customHistogram, isNative, nativeHistogram } from './histogram.js'
import { MessageError, MessageReader } from './message.js'
import {
  decodeFamily, decodeLabel, decodeMetric, emptyHistogram, emptySummary, type FamilyMessage, type HistogramMessage,
  type MetricMessage,
} from './metric_message.js'
import { floatLabel } from './number.js'
import type { EntryKind, ExpositionOptions, ExpositionParser } from './parser.js'

const SUMMARY = 2
const UNTYPED = 3
const HISTOGRAM = 4
const GAUGE_HISTOGRAM = 5
const KINDS = ['counter', 'gauge', 'summary', 'unknown', 'histogram', 'gaugehistogram']

/** End the name in a series' key, where a bound follows and where none does; no UTF-8 holds them. */
const BOUND = 0xfe
const NO_BOUND = 0xff

/** What a metric of several series is showing: `_count`, `_sum`, then its quantiles or buckets by index. */
const COUNT = -2
const SUM = -1

const NO_FAMILY: FamilyMessage = { name: '', help: '', unit: '', type: 0, metrics: [] }

export class ProtobufParser implements ExpositionParser {
  buffer = Buffer.allocUnsafe(256)
  readonly keyStart = 0
  keyEnd = 0
  value = 0
  text = ''
  histogram: NativeHistogram | undefined
  readonly #messages: MessageReader
  #family = NO_FAMILY
  /** Where the family begins in the body, for errors. */
  #offset = 0
  #state: EntryKind | null = null
  #index = 0
  #metric: MetricMessage | null = null
  #field = COUNT
  #native = false
  /** What the current series has beside the metric's labels: its name's suffix, and le or quantile. */
  #suffix = ''
  #bound: number | undefined
  #labels: Labels | null = null

  constructor(
    private readonly body: Buffer,
    private readonly options: ExpositionOptions,
  ) {
    this.#messages = new MessageReader(body, 0, body.length)
  }

  get metric(): string {
    return this.#family.name
  }

  get timestamp(): number | undefined {
    const timestamp = this.#metric?.timestamp ?? 0
    return timestamp === 0 ? undefined : timestamp
  }

  get startTimestamp(): number | undefined {
    return this.#metric?.created
  }

  next(): EntryKind | null {
    try {
      return (this.#state = this.#next())
    } catch (error) {
      if (!(error instanceof MessageError)) throw error
      this.#fail(`${error.message} (byte ${error.offset + 1})`)
    }
  }

  /** Throws a Problem where a label is none. */
  labels(): Labels {
    if (this.#labels !== null) return this.#labels
    try {
      return (this.#labels = this.#decodeLabels())
    } catch (error) {
      if (error instanceof MessageError) this.#fail(`${error.message} (byte ${error.offset + 1})`)
      throw error
    }
  }

  exemplars(): Exemplar[] {
    const metric = this.#metric!
    const { histogram } = metric
    if (histogram === undefined) return metric.exemplar === undefined ? [] : [metric.exemplar]
    if (this.#state === 'series') {
      const exemplar = this.#field < 0 ? undefined : histogram.buckets[this.#field]?.exemplar
      return exemplar === undefined ? [] : [exemplar]
    }
    // Of a native histogram only those that say when.
    const { buckets, exemplars } = histogram
    const all = exemplars.length > 0 ? exemplars : buckets.map((bucket) => bucket.exemplar)
    return all.filter((exemplar) => exemplar?.ts !== undefined) as Exemplar[]
  }

  invalid(message: string): Problem {
    return this.#problem(message)
  }

  #next(): EntryKind | null {
    switch (this.#state) {
      case null:
        return this.#nextFamily()
      case 'help':
        if (this.#family.unit === '') return this.#type()
        this.text = this.#family.unit
        return 'unit'
      case 'unit':
        return this.#type()
      case 'type':
        return this.#nextMetric()
      case 'histogram':
        if (!this.#showsClassic()) return this.#nextMetric()
        this.#field = COUNT
        return this.#series()
      default:
        if (this.#metric!.summary === undefined && this.#metric!.histogram === undefined) return this.#nextMetric()
        return this.#isLast() ? this.#nextMetric() : this.#nextField()
    }
  }

  #nextFamily(): EntryKind | null {
    const reader = this.#messages
    do {
      this.#offset = reader.at
      this.#family = NO_FAMILY
      if (reader.at >= reader.end) return null
      reader.delimited()
      if (reader.start < reader.stop) this.#family = decodeFamily(this.body, reader.start, reader.stop)
    } while (this.#family.metrics.length === 0)
    const { name, type, unit, help } = this.#family
    this.#checkName(name, false, 'metric')
    if (KINDS[type] === undefined) this.#fail(`unknown metric type ${type}`)
    const bare = type === 0 && name.endsWith('_total') ? name.slice(0, -6) : name
    if (unit !== '' && !bare.endsWith(`_${unit}`)) this.#fail(`the unit '${unit}' is not the end of the name`)
    this.#index = 0
    this.#native = false
    this.text = help
    return 'help'
  }

  #type(): EntryKind {
    this.text = KINDS[this.#family.type]
    return 'type'
  }

  #nextMetric(): EntryKind | null {
    const { metrics, type } = this.#family
    if (this.#index >= metrics.length) return this.#nextFamily()
    const metric = decodeMetric(this.body, metrics[this.#index], metrics[this.#index + 1])
    this.#index += 2
    this.#metric = metric
    this.#field = COUNT
    metric.summary = type === SUMMARY ? (metric.summary ?? emptySummary()) : undefined
    const histogram = type === HISTOGRAM || type === GAUGE_HISTOGRAM
    metric.histogram = histogram ? (metric.histogram ?? emptyHistogram()) : undefined
    this.histogram = metric.histogram === undefined ? undefined : this.#toNative(metric.histogram)
    if (this.histogram === undefined) return this.#series()
    this.#show('', undefined)
    return 'histogram'
  }

  /** The native form of a histogram, if it has one or is to get one. */
  #toNative(message: HistogramMessage): NativeHistogram | undefined {
    const { nativeHistograms, convertToCustomBuckets } = this.options
    const gauge = this.#family.type === GAUGE_HISTOGRAM
    // Once one metric of a family was native, the others are too, even if they have seen nothing yet.
    if (nativeHistograms !== false) this.#native ||= isNative(message)
    if (!this.#native) return convertToCustomBuckets === true ? customHistogram(message, gauge) : undefined
    const native = nativeHistogram(message, gauge)
    if (native === undefined) this.#fail('spans and buckets of a histogram do not match')
    return native
  }

  #showsClassic(): boolean {
    const { buckets } = this.#metric!.histogram!
    return this.options.classicHistograms === true && (buckets.length > 0 || !this.#native)
  }

  #isLast(): boolean {
    const { summary, histogram } = this.#metric!
    const field = this.#field
    if (summary !== undefined) return field === (summary.quantiles.length === 0 ? SUM : summary.quantiles.length - 1)
    const { buckets } = histogram!
    return field >= buckets.length || (field >= 0 && buckets[field].bound === Infinity)
  }

  #nextField(): EntryKind {
    this.#field++
    return this.#series()
  }

  /** The series that `field` stands for. */
  #series(): EntryKind {
    const { summary, histogram, value } = this.#metric!
    const field = this.#field
    if (summary !== undefined) {
      if (field >= 0) {
        const { quantile, value: at } = summary.quantiles[field]
        this.value = at
        this.#show('', quantile)
      } else this.#countOrSum(summary.count, summary.sum)
    } else if (histogram !== undefined) {
      const count = countOf(histogram)
      if (field >= 0) {
        const bucket = histogram.buckets[field]
        this.value = bucket === undefined ? count : countOf(bucket)
        this.#show('_bucket', bucket?.bound ?? Infinity)
      } else this.#countOrSum(count, histogram.sum)
    } else {
      this.value = value
      this.#show('', undefined)
    }
    return 'series'
  }

  #countOrSum(count: number, sum: number): void {
    this.value = this.#field === COUNT ? count : sum
    this.#show(this.#field === COUNT ? '_count' : '_sum', undefined)
  }

  #decodeLabels(): Labels {
    const { name, type } = this.#family
    const { labels } = this.#metric!
    const own: string[] = []
    for (let i = 0; i < labels.length; i += 3) decodeLabel(new MessageReader(this.body, labels[i + 1], labels[i + 2]), own)
    for (let i = 0; i < own.length; i += 2) this.#checkName(own[i], true, 'label')
    const full = name + this.#suffix
    const out = this.options.typeAndUnitLabels === true ? this.#typedLabels(full, own) : ['__name__', full, ...own]
    if (this.#bound !== undefined) out.push(type === SUMMARY ? 'quantile' : 'le', floatLabel(this.#bound))
    return sortLabels(out)
  }

  #typedLabels(name: string, own: readonly string[]): string[] {
    const { type, unit } = this.#family
    const labels = ['__name__', name]
    if (type !== UNTYPED) labels.push('__type__', KINDS[type])
    if (unit !== '') labels.push('__unit__', unit)
    const given = labels.filter((_, i) => i % 2 === 0)
    // Labels of these names that the target gives are not to be trusted.
    for (let i = 0; i < own.length; i += 2) if (!given.includes(own[i])) labels.push(own[i], own[i + 1])
    return labels
  }

  /**
   * Writes the key of a series: its name, its bound, then the fields of its labels as they stand in the body, so that
   * nothing is decoded for a series that is known.
   */
  #show(suffix: string, bound: number | undefined): void {
    this.#suffix = suffix
    this.#bound = bound
    this.#labels = null
    const { labels } = this.#metric!
    const { name } = this.#family
    let room = name.length * 3 + 32
    for (let i = 0; i < labels.length; i += 3) room += labels[i + 2] - labels[i]
    if (room > this.buffer.length) this.buffer = Buffer.allocUnsafe(room * 2)
    const { buffer, body } = this
    let at = buffer.utf8Write(name, 0)
    if (suffix !== '') at += buffer.latin1Write(suffix, at)
    buffer[at++] = bound === undefined ? NO_BOUND : BOUND
    if (bound !== undefined) at = buffer.writeDoubleLE(bound, at)
    for (let i = 0; i < labels.length; ) {
      // Labels mostly stand together.
      const from = labels[i]
      let to = labels[i + 2]
      for (i += 3; labels[i] === to; i += 3) to = labels[i + 2]
      at += body.copy(buffer, at, from, to)
    }
    this.keyEnd = at
  }

  #checkName(name: string, label: boolean, what: string): void {
    if (name === '') this.#fail(`an empty ${what} name`)
    if (this.options.legacyNames === true && !isLegacyName(name, label)) {
      this.#fail(`the ${what} name '${name}' is one that the legacy rules do not allow`)
    }
  }

  #fail(message: string): never {
    throw this.#problem(message)
  }

  /** Bytes have no lines: the family's name and its offset tell the place. */
  #problem(message: string): Problem {
    const { name } = this.#family
    const where = name === '' ? '' : `, family ${JSON.stringify(name)}`
    return new Problem(`${message}, in the message at byte ${this.#offset + 1}${where}`, {
      exit: EXIT.failed,
      place: { file: this.options.name ?? 'body' },
    })
  }
}

function countOf({ count, countFloat }: { count: string; countFloat: number }): number {
  return countFloat === 0 ? Number(count) : countFloat
}
