// The series of metrics that are made here, by resource and attributes: found, bounded, told in turn, forgotten when idle.

import type { Account, Clock, Pass } from '../component.js'
import { Identity, type IdentityRest, memoSlot } from '../record/identity.js'
import { canonical, type Json } from '../record/json.js'
import { labelsOf } from '../record/labels.js'
import { valueOf, textOf } from '../wire/otlp/value.js'
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

  constructor(
    private readonly settings: TableSettings,
    private readonly context: TableContext,
  ) {}

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
    return overflow ?? this.#make(at, instrument, OVERFLOW_KEY, OVERFLOW)
  }

  #make(origin: Origin, instrument: Instrument, key: string, attributes: readonly Attribute[]): Series {
    const instruments = this.#origins.get(origin.key) ?? new Map<Instrument, ByKey>()
    this.#origins.set(origin.key, instruments)
    const byKey = instruments.get(instrument) ?? new Map<string, Series>()
    instruments.set(instrument, byKey)
    const { temporality, scope } = this.settings
    const now = this.context.clock.now()
    this.#last ??= now
    const start = temporality === 'delta' ? this.#last : now
    const series = new Series(identityOf(origin, instrument, attributes, scope, temporality), instrument, start)
    byKey.set(key, series)
    this.#size++
    return series
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
    const { clock, account } = this.context
    const { temporality, maxIdle } = this.settings
    const ts = clock.now()
    const now = clock.monotonic()
    for (const [origin, instruments] of this.#origins) {
      for (const [instrument, byKey] of instruments) {
        for (const [key, series] of byKey) {
          const idle = maxIdle > 0 && now - series.changed >= maxIdle && !series.untold
          pass(idle && temporality === 'cumulative' ? series.marker(ts) : series.sample(ts))
          account.made++
          if (!idle && temporality === 'cumulative') continue
          byKey.delete(key)
          this.#size--
        }
        if (byKey.size === 0) instruments.delete(instrument)
      }
      if (instruments.size === 0) this.#origins.delete(origin)
    }
    this.#last = ts
  }
}

function identityOf(
  origin: Origin, { name, kind, unit, help }: Instrument, attributes: readonly Attribute[], scope: string,
  temporality: string,
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
