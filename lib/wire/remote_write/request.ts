// A request of either version of remote write, taken apart; and the records that it stands for.

import { Identity } from '../../record/identity.js'
import { labelsOf, NO_LABELS } from '../../record/labels.js'
import type { Exemplar, Payload, Record } from '../../record/record.js'
import type { Point } from './point.js'

const NAME = '__name__'

/** A series of a request as it was sent. */
export interface ReadSeries {
  /** Names and values in turn, in the order in which they were sent. */
  labels: string[]
  points: Point[]
  exemplars: Exemplar[]
  /** What 2.0 says about the metric; undefined where it says nothing. */
  family?: Family
  /** Where it was known: labels and family are not read then. */
  identity?: Identity
  /** What it may be known by, the next time. */
  key?: string
}

export interface Family {
  kind: string
  help: string
  unit: string
}

export interface ReadRequest {
  series: ReadSeries[]
  /** Metadata records of 1.0. */
  metadata: Record[]
}

/** The identity of a series; with its kind, where the request tells it. */
export function seriesIdentity({ labels, family }: ReadSeries): Identity {
  const pairs: [string, string][] = []
  let name = ''
  for (let i = 0; i < labels.length; i += 2) {
    if (labels[i] === NAME) name = labels[i + 1]
    else if (labels[i + 1] !== '') pairs.push([labels[i], labels[i + 1]])
  }
  return Identity.of('metric', name, labelsOf(pairs), family === undefined ? {} : { kind: family.kind })
}

/** Suffixes of the series of a family, by kind. A counter's family has the name of the series. */
const SUFFIXES: { readonly [kind: string]: readonly string[] } = {
  histogram: ['_bucket', '_count', '_sum'],
  gaugehistogram: ['_bucket', '_gcount', '_gsum'],
  summary: ['_count', '_sum'],
}

/** The metadata record of the family that a series of 2.0 belongs to. */
export function familyIdentity(name: string, { kind, help, unit }: Family): Identity {
  const suffixes = Object.hasOwn(SUFFIXES, kind) ? SUFFIXES[kind] : []
  const suffix = suffixes.find((suffix) => name.endsWith(suffix)) ?? ''
  const family = name.slice(0, name.length - suffix.length)
  return Identity.of('metadata', family, NO_LABELS, {
    kind,
    ...(unit === '' ? {} : { unit }),
    ...(help === '' ? {} : { help }),
  })
}

/** Exemplars stand beside the samples of their series; a record keeps them with its last. */
export function attachExemplars(points: readonly Point[], exemplars: readonly Exemplar[]): void {
  if (exemplars.length === 0 || points.length === 0) return
  const last = points[points.length - 1]
  const before = (last.exemplars ?? []) as unknown as Exemplar[]
  last.exemplars = [...before, ...exemplars] as unknown as Payload['exemplars']
}

/** The samples of a request as records, and its metadata. */
export function recordsOfRequest({ series, metadata }: ReadRequest): Record[] {
  const records = series.flatMap((one) => {
    const identity = seriesIdentity(one)
    attachExemplars(one.points, one.exemplars)
    return one.points.map((payload): Record => ({ identity, payload }))
  })
  return [...records, ...metadata]
}
