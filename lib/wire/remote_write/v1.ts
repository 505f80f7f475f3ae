// prometheus.WriteRequest of remote write 1.0, built series by series. What repeats (a series' labels) is copied, only
// value and time are new.

import type { Identity } from '../../record/identity.js'
import { numberOf } from '../../record/json.js'
import { type Labels, labelsOfObject } from '../../record/labels.js'
import type { Exemplar } from '../../record/record.js'
import { millisOf } from '../../record/time.js'
import { type CheckedHistogram, writeHistogram } from './histogram.js'
import { metricTypeNumber } from './metric_type.js'
import { blockOf, prefixLength, type Snappy, type Take } from '../snappy.js'
import { encodedLabels, hasSixBytes, type Series, sixBytes, TIME_BYTES, TIME_TAG, writeLabels } from './series.js'
import { writeStale, writeValue } from './value.js'
import { doubleTag, ProtoWriter, varintTag } from './writer.js'

/** What a sample may have beside value and time. */
export interface Sample {
  /** Unix milliseconds. */
  ms: number
  /** Absent where `stale` or `histogram` stands for it. */
  value?: number
  stale?: boolean
  histogram?: CheckedHistogram
  exemplars?: readonly CheckedExemplar[]
  /** When the counter began, Unix milliseconds; 1.0 has no place for it. */
  start?: number
}

export interface CheckedExemplar {
  labels: Labels
  value: number
  /** Unix milliseconds. */
  ms: number
}

/** Samples of a request that are put into it when something else is, or when it leaves. */
export interface Tail {
  readonly records: number
  readonly bytes: number
  /** Adds them. None is left. */
  into(request: WriteRequest): void
}

/** A request under construction. */
export class WriteRequest {
  readonly #writer = new ProtoWriter(1 << 16)
  readonly #part = new ProtoWriter()
  readonly #message = new ProtoWriter()
  #records = 0
  #tail: Tail | null = null

  /** What is compressed already, and how much it was before. */
  readonly #packed = new ProtoWriter()
  #packedBytes = 0

  constructor(private readonly snappy: Snappy | null = null) {}

  /** Samples and metadata in it. */
  get records(): number {
    return this.#records + (this.#tail?.records ?? 0)
  }

  /** Bytes so far, before compression. */
  get bytes(): number {
    return this.#packedBytes + this.#writer.length + (this.#tail?.bytes ?? 0)
  }

  /** Has samples of another one follow; what the one before has left is put in. */
  follow(tail: Tail): void {
    this.settle()
    this.#tail = tail
  }

  /** Puts in what the tail has. */
  settle(): void {
    this.#tail?.into(this)
  }

  /** A plain sample. @param ms Unix milliseconds */
  add(series: Series, value: number, ms: number): void {
    if (!hasSixBytes(ms)) return this.addSample(series, { value, ms })
    this.settle()
    const writer = this.#writer
    writer.bytes(series.head)
    writeValue(writer, value)
    const buffer = writer.reserve(1 + TIME_BYTES)
    const at = writer.length
    const [low, high] = sixBytes(ms)
    buffer[at] = TIME_TAG
    buffer.writeInt32LE(low, at + 1)
    buffer.writeUInt16LE(high, at + 5)
    writer.length = at + 1 + TIME_BYTES
    this.#records++
  }

  /** Samples that are compressed already, see `SeriesBlock`; for a request that was given its compression. */
  addPacked({ elements, bytes, samples }: { elements: Buffer; bytes: number; samples: number }): void {
    // Samples of a series stay in their order.
    this.settle()
    this.#pack()
    this.#packed.bytes(elements)
    this.#packedBytes += bytes
    this.#records += samples
  }

  #pack(): void {
    if (this.#writer.length === 0) return
    const block = this.snappy!.compress(this.#writer.view())
    this.#packed.bytes(block.subarray(prefixLength(block)))
    this.#packedBytes += this.#writer.length
    this.#writer.length = 0
  }

  /** The request, compressed; where that is done already, in memory from `take`. The builder is as new. */
  pack(snappy: Snappy, take?: Take): Buffer {
    this.settle()
    if (this.#packedBytes === 0) return snappy.compress(this.finish())
    this.#pack()
    const bytes = blockOf(this.#packedBytes, this.#packed.view(), take)
    this.#packed.length = this.#packedBytes = this.#records = 0
    return bytes
  }

  /** Messages that are ready, see `MessageRun`. */
  addMessages(bytes: Buffer, records: number): void {
    this.settle()
    this.#writer.bytes(bytes)
    this.#records += records
  }

  /** Any sample. */
  addSample(series: Series, sample: Sample): void {
    this.settle()
    const message = this.#message
    const part = this.#part
    message.length = 0
    message.bytes(encodedLabels(series))
    if (sample.histogram === undefined) {
      this.#sample(sample)
      message.message(2, part.view())
    }
    for (const exemplar of sample.exemplars ?? []) {
      part.length = 0
      writeLabels(part, exemplar.labels)
      part.uint(doubleTag(2))
      writeValue(part, exemplar.value)
      part.uint(varintTag(3))
      part.int(exemplar.ms)
      message.message(3, part.view())
    }
    if (sample.histogram !== undefined) {
      part.length = 0
      writeHistogram(part, sample.histogram, sample.ms)
      message.message(4, part.view())
    }
    this.#writer.message(1, message.view())
    this.#records++
  }

  #sample({ value = NaN, ms, stale = false }: Sample): void {
    const part = this.#part
    part.length = 0
    part.uint(doubleTag(1))
    if (stale) writeStale(part)
    else writeValue(part, value)
    part.uint(varintTag(2))
    part.int(ms)
  }

  /** A metadata message, see `metadataMessage`. */
  addMetadata(message: Buffer): void {
    this.settle()
    this.#writer.message(3, message)
    this.#records++
  }

  /** The request, of which nothing is compressed yet; valid until the next addition. The builder is as new. */
  finish(): Buffer {
    this.settle()
    const bytes = this.#writer.view()
    this.#writer.length = 0
    this.#records = 0
    return bytes
  }
}

/** The MetricMetadata message of a metadata record. */
export function metadataMessage(id: Identity): Buffer {
  const writer = new ProtoWriter(256)
  const type = metricTypeNumber(id.kind)
  if (type > 0) {
    writer.uint(varintTag(1))
    writer.uint(type)
  }
  const { help, unit } = id.rest
  writer.string(2, id.name)
  writer.string(4, typeof help === 'string' ? help : '')
  writer.string(5, typeof unit === 'string' ? unit : '')
  return writer.take()
}

/** Exemplars of a record, those without a time at the sample's; or what is wrong with them. */
export function checkExemplars(exemplars: readonly Exemplar[], ms: number): CheckedExemplar[] | string {
  const checked: CheckedExemplar[] = []
  for (const exemplar of exemplars) {
    const value = numberOf(exemplar?.value)
    if (value === undefined) return 'exemplars: expected a value'
    const { labels = {}, ts } = exemplar
    if (
      labels === null ||
      typeof labels !== 'object' ||
      Object.values(labels).some((text) => typeof text !== 'string')
    ) {
      return 'exemplars: expected labels as a map of strings'
    }
    if (ts !== undefined && (typeof ts !== 'string' || !/^-?\d{1,20}$/.test(ts)))
      return 'exemplars: expected ts as nanoseconds'
    checked.push({ labels: labelsOfObject(labels), value, ms: ts === undefined ? ms : millisOf(ts) })
  }
  return checked
}
