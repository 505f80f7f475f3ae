// Metric records of OTLP to those of Prometheus, as Prometheus 3 translates what its own OTLP endpoint is sent.

import { Identity } from '../../record/identity.js'
import { canonical } from '../../record/json.js'
import { labelPairs, NO_LABELS } from '../../record/labels.js'
import type { Payload, Record } from '../../record/record.js'
import type { AnyPoint } from '../../wire/otlp/message.js'
import { type Form, pointOf } from '../../wire/otlp/points.js'
import { formOf } from '../../wire/otlp/records.js'
import { mapField } from '../../wire/otlp/value.js'
import { type Original, originalOf, typeOf } from '../original.js'
import { type LabelSet, type LabelSettings, seriesLabels, type Subject } from './labels.js'
import { isPlainName, metricName, type MetricType, STRATEGIES, type Strategy, unitName } from './names.js'
import { type Sample, samplesOf } from './samples.js'
import { TargetInfo } from './target_info.js'

/** Settings of Prometheus's `otlp` block, by their names there, and of the flags that go with it. */
export interface Settings {
  translation_strategy: Strategy
  /** In front of every name; `''` for none. */
  namespace: string
  promote_resource_attributes: ReadonlySet<string>
  promote_all_resource_attributes: boolean
  /** Of `promote_all_resource_attributes`. */
  ignore_resource_attributes: ReadonlySet<string>
  keep_identifying_resource_attributes: boolean
  convert_histograms_to_nhcb: boolean
  promote_scope_metadata: boolean
  label_name_underscore_sanitization: boolean
  label_name_preserve_multiple_underscores: boolean
  allow_delta_temporality: boolean
  /** Deltas of sums are added up. */
  convert_delta: boolean
  enable_type_and_unit_labels: boolean
  disable_target_info: boolean
  /** `target_info` is told twice in this time, milliseconds; 0: that of Prometheus. */
  lookback_delta_ms: number
  /** Series added up, and resources that are remembered as told; those unseen for longest are forgotten. */
  max_series: number
}

/** A record of a series, and what is known about its family. */
export interface Translated extends Record {
  family: Identity
}

/** What became of a request. */
export interface Translation {
  samples: Translated[]
  /** What could not be told. */
  errors: string[]
  warnings: string[]
}

/** What depends on the identity of a data point alone. */
interface Series {
  form: Form
  /** Whether its points are told as the deltas that they are. */
  delta: boolean
  /** Whether they are added up. */
  added: boolean
  family: Identity
  /** What is known of it from Prometheus, where it comes from there. */
  original: Original
  labels: LabelSet
  warnings: readonly string[]
  /** Of its samples, by suffix and label. */
  identities: Map<string, Identity>
}

/** Types that OTLP does not have, and what their samples are there. */
const ONLY_PROMETHEUS: ReadonlyMap<string, readonly MetricType[]> = new Map([
  ['unknown', ['gauge']],
  ['info', ['non_monotonic_counter']],
  ['stateset', ['non_monotonic_counter']],
])

const IGNORED: ReadonlySet<string> = new Set(['__name__'])

export class PrometheusTranslator {
  readonly #labels: LabelSettings
  readonly #targetInfo: TargetInfo
  readonly #series = new WeakMap<Identity, Series>()
  /** Sums of what came as deltas, by series; those that changed last at the end. */
  readonly #sums = new Map<string, { value: number; ts: bigint }>()

  constructor(private readonly settings: Settings) {
    this.#labels = labelSettings(settings)
    this.#targetInfo = new TargetInfo(settings, this.#labels)
  }

  /** Translates the records of a request: those of a resource, and then its `target_info` for their time. */
  translate(records: readonly Record[]): Translation {
    const translation: Translation = { samples: [], errors: [], warnings: [] }
    let resource = ''
    for (const [i, record] of records.entries()) {
      const own = canonical(record.identity.rest.resource ?? {})
      if (i > 0 && own !== resource) this.#tellTarget(records[i - 1], translation)
      resource = own
      this.#targetInfo.see(record.payload.ts ?? '0')
      this.#add(record, translation)
    }
    if (records.length > 0) this.#tellTarget(records[records.length - 1], translation)
    this.#targetInfo.end()
    return translation
  }

  /**
   * Translates a record of an endless stream: `target_info` goes with it where it was not told for half the lookback.
   */
  next(record: Record): Translation {
    const translation: Translation = { samples: [], errors: [], warnings: [] }
    this.#add(record, translation)
    const resource = mapField(record.identity.rest.resource)
    const told = this.#targetInfo.next(resource, record.payload.ts ?? '0', warningsInto(translation.warnings))
    translation.samples.push(...told)
    return translation
  }

  #tellTarget({ identity }: Record, { samples, warnings }: Translation): void {
    samples.push(...this.#targetInfo.tell(mapField(identity.rest.resource), warningsInto(warnings)))
  }

  #add({ identity, payload }: Record, { samples, errors, warnings }: Translation): void {
    const warn = warningsInto(warnings)
    try {
      const series = this.#seriesOf(identity, payload)
      series.warnings.forEach(warn)
      const point = pointOf(identity.labels, mapField(identity.rest.attributes), payload, series.form)
      const summed = series.added ? this.#summed(identity, point) : point
      const { delta, original } = series
      const options = { nhcb: this.settings.convert_histograms_to_nhcb, delta, original }
      for (const sample of samplesOf(summed, series.form, options, warn))
        samples.push({ identity: identityOf(series, sample), payload: sample.payload, family: series.family })
    } catch (error) {
      errors.push((error as Error).message)
    }
  }

  /** Throws an Error where Prometheus would not take it. */
  #seriesOf(identity: Identity, payload: Payload): Series {
    const form = formOf(identity, payload)
    const known = this.#series.get(identity)
    if (known !== undefined && known.form === form) return known
    const warnings: string[] = []
    const { rest } = identity
    const isDelta = this.#isDelta(identity, form)
    const added = isDelta && this.#addsUp(form)
    const original = originalOf(rest.metadata)
    const family = this.#family(identity, form, isDelta && !added, original)
    const subject: Subject = {
      resource: mapField(rest.resource),
      scope: mapField(rest.scope),
      attributes: Object.fromEntries(labelPairs(identity.labels)),
      ignored: IGNORED,
      what: 'data point',
      plain: original.labels === true,
      told: this.settings.enable_type_and_unit_labels ? { type: family.kind, unit: family.rest.unit as string } : null,
    }
    const labels = seriesLabels(subject, this.#labels, warningsInto(warnings))
    const identities = new Map<string, Identity>()
    const series = { form, delta: isDelta && !added, added, family, original, labels, warnings, identities }
    this.#series.set(identity, series)
    return series
  }

  /** Throws an Error where the temporality is one that Prometheus does not take. */
  #isDelta({ name, rest: { temporality } }: Identity, form: Form): boolean {
    if (form === 'summary' || temporality === 'cumulative' || (form === 'gauge' && temporality === undefined)) return false
    const taken = temporality === 'delta' && (this.settings.allow_delta_temporality || this.#addsUp(form))
    if (!taken) throw new Error(`invalid temporality and type combination for metric ${JSON.stringify(name)}`)
    return true
  }

  #addsUp(form: Form): boolean {
    return this.settings.convert_delta && form === 'sum'
  }

  /** The same point with the sum of all deltas of its series up to it. Throws an Error where it comes too late. */
  #summed({ prefix, name }: Identity, point: AnyPoint): AnyPoint {
    const key = prefix.latin1Slice()
    const ts = BigInt(point.timeUnixNano ?? '0')
    const before = this.#sums.get(key)
    if (before !== undefined && ts <= before.ts) throw new Error(`delta of metric ${JSON.stringify(name)} is out of order`)
    const value = (before?.value ?? 0) + (point.asInt === undefined ? (point.asDouble ?? 0) : Number(point.asInt))
    this.#sums.delete(key)
    this.#sums.set(key, { value, ts })
    if (this.#sums.size > this.settings.max_series) this.#sums.delete(this.#sums.keys().next().value!)
    return { ...point, asInt: undefined, asDouble: value }
  }

  #family({ name, rest }: Identity, form: Form, delta: boolean, original: Original): Identity {
    const unit = typeof rest.unit === 'string' ? rest.unit : ''
    const help = typeof rest.help === 'string' ? rest.help : ''
    const { namespace } = this.settings
    const { escape, suffixes } = STRATEGIES[this.settings.translation_strategy]
    const type = metricType(form, rest.monotonic !== false)
    const known = original.name !== undefined && (!escape || isPlainName(original.name)) ? original.name : null
    const named =
      known === null
        ? metricName({ name, unit, type }, { escape, suffixes, namespace })
        : (namespace === '' ? '' : `${namespace}_`) + known
    const kind = delta ? 'unknown' : kindOf(type, typeOf(rest.metadata))
    return Identity.of('metadata', named, NO_LABELS, { kind, unit: original.unit ?? unitName(unit, escape), help })
  }
}

function identityOf({ identities, family, labels }: Series, { suffix, label }: Sample): Identity {
  const key = label === null ? suffix : `${suffix} ${label[1]}`
  let identity = identities.get(key)
  if (identity === undefined) {
    const all = label === null ? labels.with() : labels.with(label)
    identity = Identity.of('metric', family.name + suffix, all, { kind: family.kind })
    identities.set(key, identity)
  }
  return identity
}

/** The type of a metric; undefined where it has no data. */
export function metricType(form: Form | undefined, monotonic: boolean): MetricType {
  switch (form) {
    case 'sum':
      return monotonic ? 'monotonic_counter' : 'non_monotonic_counter'
    case 'exponentialHistogram':
      return 'exponential_histogram'
    default:
      return form ?? 'unknown'
  }
}

/** @param told the type that the metric had in Prometheus, which knows some that OTLP does not */
function kindOf(type: MetricType, told: string): string {
  if (ONLY_PROMETHEUS.get(told)?.includes(type) === true) return told
  if (type === 'monotonic_counter') return 'counter'
  if (type === 'non_monotonic_counter') return 'gauge'
  return type === 'exponential_histogram' ? 'histogram' : type
}

export function labelSettings(settings: Settings): LabelSettings {
  const all = settings.promote_all_resource_attributes
  return {
    naming: {
      escape: STRATEGIES[settings.translation_strategy].escape,
      underscore_sanitization: settings.label_name_underscore_sanitization,
      preserve_multiple_underscores: settings.label_name_preserve_multiple_underscores,
    },
    promote_resource_attributes: all ? settings.ignore_resource_attributes : settings.promote_resource_attributes,
    promote_all_resource_attributes: all,
    promote_scope_metadata: settings.promote_scope_metadata,
  }
}

function warningsInto(warnings: string[]): (text: string) => void {
  return (text) => void (warnings.includes(text) || warnings.push(text))
}

