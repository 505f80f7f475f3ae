// Classic histograms of a text format turned into native histograms with custom buckets, while they pass by.

import type { Problem } from '../../diag/problem.js'
import type { Labels } from '../../record/labels.js'
import type { Exemplar, NativeHistogram } from '../../record/record.js'
import { ClassicBuckets } from './histogram.js'
import { parseNumber } from './number.js'
import type { EntryKind, ExpositionParser } from './parser.js'

const SUFFIXES: ReadonlyMap<string, 'bucket' | 'sum' | 'count'> = new Map([
  ['_bucket', 'bucket'],
  ['_sum', 'sum'],
  ['_count', 'count'],
])

/** What one classic series is of a histogram. */
interface Part {
  /** The histogram's name and labels. */
  key: string
  labels: Labels
  suffix: 'bucket' | 'sum' | 'count'
  /** Of a bucket. */
  le: number
}

/** A classic histogram that is being collected. */
interface Collected {
  key: string
  labels: Labels
  buckets: ClassicBuckets
  exemplars: Exemplar[]
  timestamp: number | undefined
  startTimestamp: number | undefined
}

interface Shown extends Collected {
  bytes: Buffer
  histogram: NativeHistogram
}

/**
 * The histogram comes after the series that it was made of, and those are left out unless `keep`. A histogram whose
 * counts contradict each other gives no native form, as in Prometheus; its classic series are then lost unless `keep`.
 */
export class CustomBucketsParser implements ExpositionParser {
  #family = ''
  #isHistogram = false
  #collected: Collected | null = null
  #shown: Shown | null = null
  /** The entry that made a collection end, and is yet to be shown. */
  #held: EntryKind | null | undefined = undefined

  constructor(
    private readonly inner: ExpositionParser,
    private readonly keep: boolean,
  ) {}

  get metric(): string {
    return this.inner.metric
  }
  get text(): string {
    return this.inner.text
  }
  get buffer(): Buffer {
    return this.#shown?.bytes ?? this.inner.buffer
  }
  get keyStart(): number {
    return this.#shown === null ? this.inner.keyStart : 0
  }
  get keyEnd(): number {
    return this.#shown === null ? this.inner.keyEnd : this.#shown.bytes.length
  }
  get value(): number {
    return this.inner.value
  }
  get timestamp(): number | undefined {
    return this.#shown === null ? this.inner.timestamp : this.#shown.timestamp
  }
  get startTimestamp(): number | undefined {
    return this.#shown === null ? this.inner.startTimestamp : this.#shown.startTimestamp
  }
  get histogram(): NativeHistogram | undefined {
    return this.#shown === null ? this.inner.histogram : this.#shown.histogram
  }

  labels(): Labels {
    return this.#shown === null ? this.inner.labels() : this.#shown.labels
  }

  exemplars(): Exemplar[] {
    return this.#shown === null ? this.inner.exemplars() : this.#shown.exemplars
  }

  invalid(message: string): Problem {
    return this.inner.invalid(message)
  }

  next(): EntryKind | null {
    this.#shown = null
    for (;;) {
      const held = this.#held
      const entry = held === undefined ? this.inner.next() : held
      const part = entry === 'series' && this.#isHistogram ? this.#part() : undefined
      this.#held = undefined
      const collected = this.#collected
      if (collected !== null && part?.key !== collected.key) {
        this.#collected = null
        const histogram = collected.buckets.convert()
        if (histogram !== undefined) {
          this.#held = entry
          this.#shown = { ...collected, histogram, bytes: Buffer.from(collected.key) }
          return 'histogram'
        }
      }
      if (part === undefined) {
        if (entry === 'type') {
          this.#family = this.inner.metric
          this.#isHistogram = this.inner.text === 'histogram'
        }
        return entry
      }
      this.#collect(part)
      if (this.keep) return entry
    }
  }

  /** What the current series is of the family's histogram, if it is a part of it. */
  #part(): Part | undefined {
    const labels = this.inner.labels()
    const name = labels[labels.indexOf('__name__') + 1]
    const family = this.#family
    const suffix = name.startsWith(family) ? SUFFIXES.get(name.slice(family.length)) : undefined
    if (suffix === undefined) return undefined
    const own: string[] = []
    let le: number | undefined
    let key = ''
    for (let i = 0; i < labels.length; i += 2) {
      if (labels[i] === 'le') le = parseNumber(labels[i + 1])
      else if (labels[i] === '__name__') own.push('__name__', family)
      else {
        own.push(labels[i], labels[i + 1])
        key += `${key === '' ? '' : ','}${labels[i]}=${JSON.stringify(labels[i + 1])}`
      }
    }
    if (suffix === 'bucket' && (le === undefined || Number.isNaN(le))) return undefined
    return { key: key === '' ? family : `${family}{${key}}`, labels: own, suffix, le: le ?? NaN }
  }

  #collect({ key, labels, suffix, le }: Part): void {
    const { inner } = this
    this.#collected ??= {
      key, labels, buckets: new ClassicBuckets(), exemplars: [],
      timestamp: inner.timestamp, startTimestamp: inner.startTimestamp,
    }
    const { buckets, exemplars } = this.#collected
    if (suffix === 'bucket') buckets.bucket(le, inner.value)
    else buckets[suffix](inner.value)
    exemplars.push(...inner.exemplars())
  }
}
