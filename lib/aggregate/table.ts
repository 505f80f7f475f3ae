// The series of metrics that are made here, by resource and attributes: found, bounded, told in turn, forgotten when idle.

import type { Account, Clock, Pass, Saved } from '../component.js'
import { Identity, type IdentityRest, memoSlot } from '../record/identity.js'
import { canonical, type Json } from '../record/json.js'
import { hasLabel, labelsOf } from '../record/labels.js'
import type { Record } from '../record/record.js'
import { textOf, Unfit, valueOf } from '../wire/otlp/value.js'
import { type Instrument, Series } from './series.js'

export interface TableSettings {
  /** Name of the instrumentation scope. */
  readonly scope: string
  readonly temporality: 'cumulative' | 'delta'
  /** Milliseconds between two samples of a series. */
  readonly every: number
  /** Milliseconds after which a series that does not change is gone; 0: never. */
  readonly maxIdle: number
  /** Series at once. */
  readonly maxSeries: number
  /** Series of a metric of one resource; 0: any number. */
  readonly perResource: number
  /** Attributes of the resource that the metrics keep; empty: all of them. */
  readonly resourceAttributes: ReadonlySet<string>
}

export interface TableContext {
  readonly clock: Clock
  readonly account: Account
  readonly log: { warn(message: string): void }
}

export type Attribute = readonly [name: string, value: Json]

/** A resource in which something is measured. */
export interface Origin {
  readonly key: string
  readonly rest: IdentityRest
}

type ByKey = Map<string, Series>

/** The attribute of the series that holds what the bounds leave no place for (OpenTelemetry, metrics SDK). */
const OVERFLOW: readonly Attribute[] = [['otel.metric.overflow', true]]
const OVERFLOW_KEY = 'overflow'
const NOWHERE: Origin = { key: '', rest: {} }

export class SeriesTable {
  readonly #origins = new Map<string, Map<Instrument, ByKey>>()
  readonly #slot = memoSlot()
  #size = 0
  #next = Infinity
  /** Unix nanoseconds of the last samples: where the next deltas start. */
  #last: string | undefined
  #told = false
  /** Identities, as they are written, of the series of an earlier run for which nothing was measured yet: their keys. */
  readonly #left = new Set<string>()

  /** @param saved undefined: nothing is kept for the next run */
  constructor(
    private readonly settings: TableSettings,
    private readonly context: TableContext,
    private readonly saved?: Saved,
  ) {}

  /** Goes on from what an earlier run told of these instruments last. */
  restore(instruments: readonly Instrument[]): void {
    const now = this.context.clock.monotonic()
    for (const record of this.saved?.read() ?? []) {
      const instrument = instruments.find(({ name }) => name === record.identity.name)
      const beyond = this.#size >= this.settings.maxSeries && !hasLabel(record.identity.labels, OVERFLOW[0][0])
      if (instrument === undefined || beyond) continue
      try {
        this.#restore(record, instrument, now)
      } catch (error) {
        if (!(error instanceof Unfit)) throw error
        this.context.log.warn(`--state: ${record.identity.name} is damaged: ${error.message}`)
      }
    }
    if (this.#size > 0) this.#next = now + this.settings.every
  }

  #restore({ identity, payload }: Record, instrument: Instrument, now: number): void {
    const series = new Series(identity, instrument, typeof payload.start === 'string' ? payload.start : '0')
    if (!series.restore(payload)) return
    series.changed = now
    const key = identity.prefix.toString()
    this.#left.add(key)
    this.#put(this.#originOf(identity.rest), instrument, key, series)
  }

  /** Where the metrics of a record belong. */
  origin(identity: Identity): Origin {
    return ((identity.memo ??= [])[this.#slot] ??= this.#originOf(identity.rest)) as Origin
  }

  #originOf({ resource }: IdentityRest): Origin {
    const { resourceAttributes: kept } = this.settings
    if (resource === undefined) return NOWHERE
    if (kept.size === 0) return { key: canonical(resource), rest: { resource } }
    const all = Object.entries(resource as { [key: string]: Json })
    const some = Object.fromEntries(all.filter(([name]) => kept.has(name)))
    if (Object.keys(some).length === 0) return NOWHERE
    return { key: canonical(some), rest: { resource: some } }
  }

  /**
   * The series of an instrument with these attributes, or the one that holds what is too much.
   * @param key what tells the attributes from others of the same instrument
   */
  series(origin: Origin, instrument: Instrument, key: string, attributes: () => readonly Attribute[]): Series {
    const now = this.context.clock.monotonic()
    const known = this.#origins.get(origin.key)?.get(instrument)?.get(key)
    const series = known ?? this.#add(origin, instrument, key, attributes)
    series.changed = now
    series.untold = true
    if (this.#next === Infinity) this.#next = now + this.settings.every
    return series
  }

  #add(origin: Origin, instrument: Instrument, key: string, attributes: () => readonly Attribute[]): Series {
    const left = this.#adopt(origin, instrument, key, attributes)
    if (left !== undefined) return left
    const { maxSeries, perResource } = this.settings
    const known = this.#origins.get(origin.key)
    const full = this.#size >= maxSeries
    if (!full && (perResource === 0 || (known?.get(instrument)?.size ?? 0) < perResource)) {
      return this.#make(origin, instrument, key, attributes())
    }
    this.#tell(full)
    // A resource of which nothing is known gets no series of its own any more.
    const at = full && known === undefined ? NOWHERE : origin
    const overflow = this.#origins.get(at.key)?.get(instrument)?.get(OVERFLOW_KEY)
      ?? this.#adopt(at, instrument, OVERFLOW_KEY, () => OVERFLOW)
    return overflow ?? this.#make(at, instrument, OVERFLOW_KEY, OVERFLOW)
  }

  /** What an earlier run left of a series gets the key by which it is found. */
  #adopt(origin: Origin, instrument: Instrument, key: string, attributes: () => readonly Attribute[]): Series | undefined {
    const byKey = this.#left.size > 0 ? this.#origins.get(origin.key)?.get(instrument) : undefined
    if (byKey === undefined) return undefined
    const text = identityOf(origin, instrument, attributes(), this.settings).prefix.toString()
    if (!this.#left.delete(text)) return undefined
    const series = byKey.get(text)!
    byKey.delete(text)
    byKey.set(key, series)
    return series
  }

  #make(origin: Origin, instrument: Instrument, key: string, attributes: readonly Attribute[]): Series {
    const now = this.context.clock.now()
    this.#last ??= now
    const start = this.settings.temporality === 'delta' ? this.#last : now
    const series = new Series(identityOf(origin, instrument, attributes, this.settings), instrument, start)
    this.#put(origin, instrument, key, series)
    return series
  }

  #put(origin: Origin, instrument: Instrument, key: string, series: Series): void {
    const instruments = this.#origins.get(origin.key) ?? new Map<Instrument, ByKey>()
    this.#origins.set(origin.key, instruments)
    const byKey = instruments.get(instrument) ?? new Map<string, Series>()
    instruments.set(instrument, byKey)
    byKey.set(key, series)
    this.#size++
  }

  #tell(full: boolean): void {
    if (this.#told) return
    this.#told = true
    const { maxSeries, perResource } = this.settings
    const one = `${perResource} series of a metric of one resource (cardinality_limit)`
    const bound = full ? `${maxSeries} series (max_series)` : one
    this.context.log.warn(`more than ${bound}: the rest is counted in series with the attribute otel.metric.overflow`)
  }

  /** Milliseconds of `Clock.monotonic` at which the next samples go on. */
  due(): number {
    return this.#next
  }

  tick(now: number, pass: Pass): void {
    if (now < this.#next) return
    this.collect(pass)
    this.#next = this.#size > 0 ? now + this.settings.every : Infinity
  }

  /** Passes samples of all series on, and markers of those that are gone. */
  collect(pass: Pass): void {
    const ts = this.context.clock.now()
    const records = this.#turn(ts)
    // Before they go on: a counter must never fall behind what was told of it, which would pass for a new beginning.
    this.saved?.save(records.filter(({ payload }) => payload.stale !== true))
    this.context.account.made += records.length
    for (const record of records) pass(record)
    this.#last = ts
  }

  #turn(ts: string): Record[] {
    const { temporality, maxIdle } = this.settings
    const now = this.context.clock.monotonic()
    const records: Record[] = []
    for (const [origin, instruments] of this.#origins) {
      for (const [instrument, byKey] of instruments) {
        for (const [key, series] of byKey) {
          const idle = maxIdle > 0 && now - series.changed >= maxIdle && !series.untold
          records.push(idle && temporality === 'cumulative' ? series.marker(ts) : series.sample(ts))
          if (!idle && temporality === 'cumulative') continue
          byKey.delete(key)
          this.#left.delete(key)
          this.#size--
        }
        if (byKey.size === 0) instruments.delete(instrument)
      }
      if (instruments.size === 0) this.#origins.delete(origin)
    }
    return records
  }
}

function identityOf(
  origin: Origin, { name, kind, unit, help }: Instrument, attributes: readonly Attribute[],
  { scope, temporality }: TableSettings,
): Identity {
  const labels = labelsOf(attributes.map(([name, value]) => [name, attributeText(value)] as const))
  const typed = attributes.filter(([, value]) => typeof value !== 'string')
  const rest: { [key: string]: Json } = { ...origin.rest, scope: { name: scope }, kind, help, temporality }
  if (unit !== '') rest.unit = unit
  if (typed.length > 0) rest.attributes = Object.fromEntries(typed)
  // A sum says whether it is monotonic.
  if (kind === 'counter') rest.monotonic = true
  return Identity.of('metric', name, labels, rest)
}

/** The text of a label; a value whose tag says what it does not hold is its JSON. */
export function attributeText(value: Json): string {
  try {
    valueOf(value)
    return textOf(value)
  } catch {
    return canonical(value)
  }
}
