// Metric families of one body: what HELP, TYPE and UNIT say of them, and which series are theirs.

import { Identity } from '../../record/identity.js'
import { NO_LABELS } from '../../record/labels.js'

/** Suffixes that series of a type may have beside none. */
const SUFFIXES: ReadonlyMap<string, readonly string[]> = new Map([
  ['counter', ['_total', '_created']],
  ['histogram', ['_bucket', '_sum', '_count', '_created']],
  ['gaugehistogram', ['_bucket', '_gsum', '_gcount', '_sum', '_count']],
  ['summary', ['_sum', '_count', '_created']],
  ['info', ['_info']],
])

const ALL_SUFFIXES = [...new Set([...SUFFIXES.values()].flat())]

export interface Family {
  readonly name: string
  kind: string
  unit: string
  help: string
  /** Whether its metadata record was made. */
  told: boolean
}

export class Families {
  readonly #families = new Map<string, Family>()
  #current: Family | undefined

  /** Takes one line of metadata in. */
  set(name: string, field: 'kind' | 'unit' | 'help', text: string): Family {
    let family = this.#families.get(name)
    if (family === undefined) {
      family = { name, kind: 'unknown', unit: '', help: '', told: false }
      this.#families.set(name, family)
    }
    family[field] = text
    return (this.#current = family)
  }

  /** Type of the family that a series belongs to: that of the last metadata, another of the body, or `unknown`. */
  kindOf(series: string): string {
    if (this.#current !== undefined && owns(this.#current, series)) return this.#current.kind
    const own = this.#families.get(series)
    if (own !== undefined) return own.kind
    for (const suffix of ALL_SUFFIXES) {
      const family = series.endsWith(suffix) ? this.#families.get(series.slice(0, -suffix.length)) : undefined
      if (family !== undefined && owns(family, series)) return family.kind
    }
    return 'unknown'
  }
}

function owns({ name, kind }: Family, series: string): boolean {
  if (!series.startsWith(name)) return false
  return series.length === name.length || (SUFFIXES.get(kind)?.includes(series.slice(name.length)) ?? false)
}

export function metadataOf({ name, kind, unit, help }: Family): Identity {
  return Identity.of('metadata', name, NO_LABELS, { kind, unit, help })
}
