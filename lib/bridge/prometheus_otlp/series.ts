// What depends on a series of Prometheus alone: its part in a metric of OTLP, and the identities of that metric.

import { Identity, type IdentityRest } from '../../record/identity.js'
import type { Labels } from '../../record/labels.js'
import type { MetricType } from '../otlp_prometheus/names.js'
import { metadataOf, type Original } from '../original.js'
import type { Part } from './families.js'
import type { Told } from './native.js'
import { namesToKeep, trimmedName, ucumOf } from './names.js'
import { type Origin, restOf } from './origins.js'

export interface Series {
  /** A sentence where OTLP has no such series. */
  readonly part: Part | string
  readonly origin: Origin
  /** The name, labels and target that all parts of the same metric share. */
  readonly key: string
  /** Of what is known about families when this was decided. */
  readonly version: number
  readonly identities: Map<string, Identity>
  /** What it last was as a native histogram: its end is told as the same. */
  last: { readonly field: Told['field']; readonly identity: Identity } | null
}

/** What the points of a metric are. */
export type Form = 'number' | 'explicit' | 'exponential' | 'summary'

/** The identity of a metric, made anew where what is known of the target has changed. */
export function metricIdentity(
  { part, origin }: { part: Part; origin: Origin },
  identities: Map<string, Identity>,
  form: Form,
  more: Original,
  trim: boolean,
): Identity {
  const key = `${origin.target.version} ${form} ${more.native ?? ''} ${more.numbers?.join(' ') ?? ''}`
  let identity = identities.get(key)
  if (identity === undefined) {
    const { name, labels, rest } = metricOf(part, form, origin.labels, more, trim)
    identity = Identity.of('metric', name, labels, { ...restOf(origin), ...rest })
    // Few are seen again: those of a target that has changed are not.
    if (identities.size >= FEW) identities.clear()
    identities.set(key, identity)
  }
  return identity
}

const FEW = 8

interface Metric {
  name: string
  labels: Labels
  rest: IdentityRest
}

function metricOf(part: Part, form: Form, labels: Labels, more: Original, trim: boolean): Metric {
  if (part.role === 'created') {
    // In seconds, but not named so.
    const original = namesToKeep(part.name, '', { name: part.name, unit: '', type: 'gauge' }, labels)
    return { name: part.name, labels, rest: { kind: 'gauge', metadata: metadataOf('gauge', original) } }
  }
  const { kind, family } = part
  const unit = family?.unit ?? ''
  const type = typeOf(kind, form)
  const name = trim ? trimmedName(part.name, unit, type) : part.name
  const original = namesToKeep(part.name, unit, { name, unit: ucumOf(unit), type }, labels)
  const rest = {
    ...FIELDS[type],
    unit: ucumOf(unit),
    help: family?.help ?? '',
    metadata: metadataOf(kind, { ...original, ...more }),
  }
  return { name, labels, rest: withoutEmpty(rest) }
}

function typeOf(kind: string, form: Form): MetricType {
  if (form === 'summary') return 'summary'
  if (form === 'explicit') return 'histogram'
  if (form === 'exponential') return 'exponential_histogram'
  if (kind === 'counter') return 'monotonic_counter'
  return kind === 'info' || kind === 'stateset' ? 'non_monotonic_counter' : 'gauge'
}

const FIELDS: Readonly<Record<MetricType, IdentityRest>> = {
  monotonic_counter: { kind: 'counter', temporality: 'cumulative', monotonic: true },
  non_monotonic_counter: { kind: 'gauge', temporality: 'cumulative', monotonic: false },
  gauge: { kind: 'gauge' },
  unknown: { kind: 'gauge' },
  histogram: { kind: 'histogram', temporality: 'cumulative' },
  exponential_histogram: { kind: 'histogram', temporality: 'cumulative' },
  summary: { kind: 'summary' },
}

function withoutEmpty(rest: IdentityRest): IdentityRest {
  return Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== ''))
}
