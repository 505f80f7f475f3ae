// Lines of StatsD, added up, to samples of every interval; events and service checks to log records.

import type { SourceContext } from '../component.js'
import { Told } from '../io/told.js'
import { SampleBatch } from '../record/batch.js'
import { Identity } from '../record/identity.js'
import { type Labels, labelsOfMap, labelsText } from '../record/labels.js'
import { Layout } from '../record/layout.js'
import { decimalOf } from '../wire/decimal.js'
import { metricName } from '../wire/metric_name.js'
import { readEntry } from '../wire/statsd/entry.js'
import {
  Malformed, readTail, splitStatsd, type StatsdLine, type StatsdOther, type StatsdTail, tagsOf, valuesOf,
} from '../wire/statsd/line.js'
import { entryPayload } from './entry.js'
import { Rows } from './rows.js'
import { seriesIdentity, seriesLabels, type SeriesOptions } from './series.js'
import type { LineReader } from './socket_lines.js'
import { Stamps } from './stamps.js'
import { Counter, Distribution, type Form, FORMS, Gauge, type Held, Members } from './statsd_series.js'

export interface StatsdOptions extends SeriesOptions {
  /** Upper bounds of histograms, ascending. */
  readonly buckets: readonly number[]
  /** Name of the label for what a sender runs in. */
  readonly container_label: string | undefined
  /** Milliseconds after which a series that nobody sends to ends; 0: never. */
  readonly ttl: number
  readonly max_series: number
  readonly max_set_values: number
  /** Whether events and service checks become log records. */
  readonly events: boolean
}

interface Series {
  readonly name: string
  readonly form: Form
  readonly held: Held
  /** When something came last, in milliseconds of the clock that never jumps. */
  seen: number
  ended: boolean
}

/** What stands behind the values of lines, and the series that it means by their names. */
interface Tail extends StatsdTail {
  readonly series: Map<string, Series>
}

export class StatsdReader implements LineReader {
  /** By name and labels. */
  readonly #series = new Map<string, Series>()
  /** By the ends of lines as they came, which may say the same in many ways. */
  readonly #tails = new Map<string, Tail>()
  /** Names that the tails know, and tails. */
  #said = 0
  /** Of each name the form, and how many series have it. */
  readonly #names = new Map<string, { readonly form: Form; series: number }>()
  readonly #told: Told
  /** Samples with times of their own, and log records. */
  readonly #rows = new Rows()
  readonly #stamps: Stamps
  readonly #entries: { readonly [K in StatsdOther]: Identity }
  /** Rows of the last interval, and whether they are still those of the next. */
  #layout = new Layout([])
  #changed = false
  #now = 0

  constructor(
    private readonly options: StatsdOptions,
    private readonly context: Pick<SourceContext, 'account' | 'clock' | 'emit' | 'log'>,
  ) {
    this.#told = new Told(context)
    this.#stamps = new Stamps(context.clock)
    const entries = (type: StatsdOther) =>
      Identity.of('log', '', labelsOfMap(new Map([['source', 'dogstatsd'], ['type', type], ...options.label])))
    this.#entries = { event: entries('event'), service_check: entries('service_check') }
  }

  begin(): void {
    this.#now = this.context.clock.monotonic()
    if (this.options.events) this.#stamps.look()
  }

  line(text: string): string | null {
    try {
      const line = splitStatsd(text)
      if (typeof line !== 'string') this.#take(line)
      else if (this.options.events) this.#entry(text, line)
      else this.#drop(line, 'events and service checks are dropped (--events makes log records of them)')
      return null
    } catch (error) {
      if (error instanceof Malformed) return error.message
      throw error
    }
  }

  pass(): void | Promise<void> {
    return this.#rows.pass(this.context)
  }

  /** Passes on what the interval that ends has brought. */
  async interval(): Promise<void> {
    const ended = this.#end()
    const ts = this.context.clock.now()
    if (this.#changed) {
      const identities = [...this.#series.values()].flatMap(({ held }) => held.identities)
      this.#layout = new Layout(identities, this.#layout)
      this.#changed = false
    }
    const values = new Float64Array(this.#layout.ids.length)
    let at = 0
    for (const { held } of this.#series.values()) {
      held.values(values, at)
      at += held.identities.length
    }
    const batch = at === 0 ? null : new SampleBatch(this.#layout, ts, values)
    if (ended.length > 0) {
      await this.context.emit(new SampleBatch(new Layout(ended), ts, new Float64Array(ended.length), null, 'all'))
    }
    if (batch !== null) await this.context.emit(batch)
  }

  /** Ends series that nobody has sent to for too long; what they were. */
  #end(): Identity[] {
    const { ttl } = this.options
    const ended: Identity[] = []
    const now = this.context.clock.monotonic()
    for (const [key, series] of this.#series) {
      if (ttl === 0 || now - series.seen <= ttl) continue
      series.ended = this.#changed = true
      this.#series.delete(key)
      const known = this.#names.get(series.name)!
      if (--known.series === 0) this.#names.delete(series.name)
      ended.push(...series.held.identities)
    }
    return ended
  }

  #entry(text: string, kind: StatsdOther): void {
    const { body, ts, severity, attributes } = readEntry(text, kind)
    this.#rows.add(this.#entries[kind], entryPayload(body, this.#stamps.next(), ts, severity, attributes))
  }

  #take(line: StatsdLine): void {
    const tail = this.#tails.get(line.tail) ?? this.#tail(line)
    const { type, rate, ts } = tail
    const values = valuesOf(line.value, type)
    if (type === 's') return this.#members(line.name, values, tail)
    const numbers = values.map(decimalOf)
    const falls = type === 'c' && numbers.some((number) => number < 0)
    const complaint = numbers.some(Number.isNaN) ? 'expected numbers' : falls ? 'a counter only grows' : null
    if (complaint !== null) throw new Malformed(line.name.length + 1, `'${line.value.slice(0, 40)}': ${complaint}`)
    if (type === 'g' && ts !== undefined) {
      const identity = seriesIdentity(line.name, this.#tags(tail), 'gauge', this.options)!
      for (const value of numbers) this.#rows.add(identity, { ts, value })
      return
    }
    const held = this.#seriesOf(line.name, tail)?.held
    if (held === undefined) return
    for (const [i, number] of numbers.entries()) {
      const relative = values[i][0] === '+' || values[i][0] === '-'
      held.take(type === 'ms' ? number / 1000 : number, rate, relative)
    }
  }

  /** Read once for all lines that end so. */
  #tail({ name, value, tail: text }: StatsdLine): Tail {
    const tail = { ...readTail(text, name.length + value.length + 2), series: new Map() }
    // With a time it hardly comes again.
    if (tail.ts !== undefined) return tail
    this.#count()
    this.#tails.set(text, tail)
    return tail
  }

  #members(name: string, values: readonly string[], tail: Tail): void {
    const held = this.#seriesOf(name, tail)?.held
    if (!(held instanceof Members)) return
    const { max_set_values: max } = this.options
    for (const value of values) {
      if (!held.add(value)) this.#drop('set_full', `a set has more than ${max} members in an interval (--max-set-values)`)
    }
  }

  #tags({ tags, container }: StatsdTail): Map<string, string> {
    const { container_label: label } = this.options
    return label === undefined ? tagsOf(tags) : tagsOf(tags).set(label, container)
  }

  /** The series of a line; undefined where it cannot have one, which is counted. */
  #seriesOf(name: string, tail: Tail): Series | undefined {
    let series = tail.series.get(name)
    if (series === undefined || series.ended) {
      series = this.#find(name, tail)
      if (series === undefined) return undefined
      this.#count()
      tail.series.set(name, series)
    }
    series.seen = this.#now
    return series
  }

  /** Ways to say the same are without number: now and then all of them are forgotten. */
  #count(): void {
    if (++this.#said <= 4 * this.options.max_series) return
    this.#tails.clear()
    this.#said = 0
  }

  #find(text: string, tail: Tail): Series | undefined {
    const { names, max_series: max } = this.options
    const name = metricName(text, names)
    const form = FORMS[tail.type]
    const labels = seriesLabels(this.#tags(tail), this.options)
    const key = `${name}${labelsText(labels)}`
    const known = this.#names.get(name)
    if (known !== undefined && known.form !== form) {
      return this.#drop('type_conflict', `'${name}' is a ${known.form}, and no ${form} too: dropped`)
    }
    const series = this.#series.get(key)
    if (series !== undefined) return series
    if (this.#series.size >= max) return this.#drop('series_full', `more than ${max} series (--max-series): dropped`)
    if (known === undefined) this.#names.set(name, { form, series: 1 })
    else known.series++
    const made: Series = { name, form, held: this.#held(form, name, labels), seen: 0, ended: false }
    this.#series.set(key, made)
    this.#changed = true
    return made
  }

  #held(form: Form, name: string, labels: Labels): Held {
    switch (form) {
      case 'counter':
        return new Counter(name, labels)
      case 'gauge':
        return new Gauge(name, labels)
      case 'set':
        return new Members(name, labels, this.options.max_set_values)
      case 'histogram':
        return new Distribution(name, labels, this.options.buckets)
    }
  }

  #drop(reason: string, words: string): undefined {
    this.context.account.in++
    this.context.account.drop(reason, 1)
    this.#told.warn(reason, words)
  }
}
