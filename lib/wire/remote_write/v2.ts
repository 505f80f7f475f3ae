// io.prometheus.write.v2.Request of remote write 2.0, built series by series: every string stands once in a request, in
// its symbol table, and series, exemplars and metadata refer to it.

import type { Identity } from '../../record/identity.js'
import { getLabel, type Labels } from '../../record/labels.js'
import type { Families } from './families.js'
import type { Snappy } from '../snappy.js'
import { writeHistogram } from './histogram.js'
import { metricTypeNumber } from './metric_type.js'
import type { CheckedExemplar, Sample } from './v1.js'
import { writeStale, writeValue } from './value.js'
import { bytesTag, doubleTag, ProtoWriter, varintTag } from './writer.js'

/** A string, and its place in the request under construction. */
interface Symbolic {
  readonly text: string
  /** Number of the request that `ref` belongs to. */
  request: number
  ref: number
}

/** A series on its way out. It belongs to the builder that made it. */
export interface SymbolicSeries {
  /** Equal series, equal hash. */
  readonly hash: number
  /** Names and values in turn. */
  readonly labels: readonly Symbolic[]
  /** Metric name and kind, for the metadata. */
  readonly name: string
  readonly kind: string
  readonly unit: string
  metadata: { readonly type: number; readonly help: Symbolic; readonly unit: Symbolic } | null
  /** Version of the families that `metadata` was made from. */
  version: number
}

/** Strings remembered from request to request; then all are forgotten, and some stand twice in the next one. */
const MAX_SYMBOLS = 1 << 17

/** A request under construction. */
export class SymbolicRequest {
  readonly #strings = new Map<string, Symbolic>()
  readonly #symbols = new ProtoWriter(1 << 14)
  readonly #series = new ProtoWriter(1 << 16)
  readonly #message = new ProtoWriter()
  readonly #part = new ProtoWriter()
  readonly #list = new ProtoWriter()
  /** Number of this request. */
  #request = 0
  #count = 0
  /** Strings that hardly come again: those of exemplars. */
  readonly #passing = new Map<string, Symbolic>()
  /** Samples in it. */
  records = 0

  constructor(private readonly families: Families) {}

  /** Bytes so far, before compression. */
  get bytes(): number {
    return this.#symbols.length + this.#series.length
  }

  /** Learns a series. @param labels valid, sorted, with `__name__` */
  series(labels: Labels, id: Identity, hash: number): SymbolicSeries {
    const { unit } = id.rest
    return {
      hash,
      labels: labels.map((text) => this.#symbol(text)),
      name: getLabel(labels, '__name__'),
      kind: id.kind,
      unit: typeof unit === 'string' ? unit : '',
      metadata: null,
      version: -1,
    }
  }

  /** A plain sample. @param ms Unix milliseconds */
  add(series: SymbolicSeries, value: number, ms: number): void {
    this.addSample(series, { value, ms })
  }

  /** Any sample. */
  addSample(series: SymbolicSeries, sample: Sample): void {
    if (this.#count === 0) this.#begin()
    const message = this.#message
    message.length = 0
    this.#refs(message, series.labels)
    if (sample.histogram === undefined) this.#sample(sample)
    else this.#histogram(sample)
    for (const exemplar of sample.exemplars ?? []) this.#exemplar(exemplar)
    this.#metadata(series)
    // Where receivers before Prometheus 3.8 look for it.
    if (sample.start !== undefined) time(message, 6, sample.start)
    this.#series.message(5, message.view())
    this.records++
  }

  /** The request, compressed. The builder is as new. */
  pack(snappy: Snappy): Buffer {
    return snappy.compress(this.finish())
  }

  /** The request; valid until the next addition. The builder is as new. */
  finish(): Buffer {
    this.#symbols.bytes(this.#series.view())
    const bytes = this.#symbols.view()
    this.#symbols.length = this.#series.length = 0
    this.#count = this.records = 0
    this.#request++
    this.#passing.clear()
    return bytes
  }

  /** Symbol 0 is the empty string. */
  #begin(): void {
    this.#symbols.uint(bytesTag(4))
    this.#symbols.uint(0)
    this.#count = 1
  }

  #symbol(text: string): Symbolic {
    const known = this.#strings.get(text)
    if (known !== undefined) return known
    if (this.#strings.size >= MAX_SYMBOLS) this.#strings.clear()
    const symbol = this.#passing.get(text) ?? { text, request: -1, ref: 0 }
    this.#strings.set(text, symbol)
    return symbol
  }

  #passingSymbol(text: string): Symbolic {
    let symbol = this.#strings.get(text) ?? this.#passing.get(text)
    if (symbol === undefined) this.#passing.set(text, (symbol = { text, request: -1, ref: 0 }))
    return symbol
  }

  #ref(symbol: Symbolic): number {
    if (symbol.request === this.#request || symbol.text === '') return symbol.ref
    symbol.request = this.#request
    symbol.ref = this.#count++
    this.#symbols.string(4, symbol.text)
    return symbol.ref
  }

  /** `repeated uint32 labels_refs = 1`. */
  #refs(to: ProtoWriter, symbols: readonly Symbolic[]): void {
    const list = this.#list
    list.length = 0
    for (const symbol of symbols) list.uint(this.#ref(symbol))
    if (list.length > 0) to.message(1, list.view())
  }

  #sample({ value = NaN, ms, stale = false, start }: Sample): void {
    const part = this.#part
    part.length = 0
    part.uint(doubleTag(1))
    if (stale) writeStale(part)
    else writeValue(part, value)
    time(part, 2, ms)
    if (start !== undefined) time(part, 3, start)
    this.#message.message(2, part.view())
  }

  #histogram({ histogram, ms, start }: Sample): void {
    const part = this.#part
    part.length = 0
    writeHistogram(part, histogram!, ms)
    if (start !== undefined) time(part, 17, start)
    this.#message.message(3, part.view())
  }

  #exemplar({ labels, value, ms }: CheckedExemplar): void {
    const part = this.#part
    part.length = 0
    this.#refs(part, labels.map((text) => this.#passingSymbol(text)))
    part.uint(doubleTag(2))
    writeValue(part, value)
    time(part, 3, ms)
    this.#message.message(4, part.view())
  }

  #metadata(series: SymbolicSeries): void {
    if (series.version !== this.families.version) this.#learn(series)
    if (series.metadata === null) return
    const { type, help, unit } = series.metadata
    const part = this.#part
    part.length = 0
    number(part, 1, type)
    number(part, 3, this.#ref(help))
    number(part, 4, this.#ref(unit))
    this.#message.message(5, part.view())
  }

  #learn(series: SymbolicSeries): void {
    const family = this.families.of(series.name)
    const kind = family?.kind || series.kind
    const { help, unit } = family?.rest ?? {}
    series.version = this.families.version
    series.metadata =
      family === undefined && kind === ''
        ? null
        : {
            type: metricTypeNumber(kind),
            help: this.#symbol(typeof help === 'string' ? help : ''),
            unit: this.#symbol(typeof unit === 'string' ? unit : series.unit),
          }
  }
}

function time(writer: ProtoWriter, field: number, ms: number): void {
  writer.uint(varintTag(field))
  writer.int(ms)
}

function number(writer: ProtoWriter, field: number, value: number): void {
  if (value === 0) return
  writer.uint(varintTag(field))
  writer.uint(value)
}
