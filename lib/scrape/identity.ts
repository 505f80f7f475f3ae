// Identities of series: name apart from labels, strings and kinds shared.

import { Identity } from '../record/identity.js'
import { getLabel, type Labels } from '../record/labels.js'
import { type Family, isSeriesOfFamily } from './family.js'
import { intern } from './intern.js'
import { NAME } from './labels.js'

/** A label set's name and its other labels. */
export function namedOf(labels: Labels): { name: string; own: Labels } {
  const [name] = intern([getLabel(labels, NAME)])
  const own: string[] = []
  for (let i = 0; i < labels.length; i += 2) if (labels[i] !== NAME) own.push(labels[i], labels[i + 1])
  return { name, own: intern(own) }
}

/** The kind that a family gives a series after it, `''` where it is not of the family. */
export function kindIn(family: Family | null, series: string): string {
  const known = family !== null && family.kind !== 'unknown' && isSeriesOfFamily(series, family.name, family.kind)
  return known ? family.kind : ''
}

/** One object for all series of a kind. */
const rests = new Map<string, { kind?: string }>()

/** A metric's identity under another kind, itself where that is the same. */
export function withKind(identity: Identity, kind: string): Identity {
  if (identity.kind === kind) return identity
  let rest = rests.get(kind)
  if (rest === undefined) rests.set(kind, (rest = kind === '' ? {} : { kind }))
  return Identity.of('metric', identity.name, identity.labels, rest)
}
