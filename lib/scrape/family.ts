// Metric families of one target: what HELP, TYPE and UNIT said, kept over scrapes as Prometheus keeps it.

import { Identity } from '../record/identity.js'
import { NO_LABELS } from '../record/labels.js'

/** Scrapes after which a family that is no longer exposed is forgotten. */
const KEPT_SCRAPES = 10

export class Family {
  kind = 'unknown'
  help = ''
  unit = ''
  seenAt = 0
  /** No longer among the target's families. */
  forgotten = false
  #identity: Identity | null = null

  constructor(readonly name: string) {}

  /** The metadata record's identity as things stand. */
  get identity(): Identity {
    const { kind, unit, help } = this
    return (this.#identity ??= Identity.of('metadata', this.name, NO_LABELS, { kind, unit, help }))
  }

  changed(): void {
    this.#identity = null
  }
}

export class Families {
  readonly byName = new Map<string, Family>()
  #changed = new Set<Family>()

  /** Takes one HELP, TYPE or UNIT in. A part that is not said again stays as it was. */
  set(name: string, part: 'help' | 'type' | 'unit', text: string, scrape: number): Family {
    let family = this.byName.get(name)
    if (family === undefined) {
      family = new Family(name)
      this.byName.set(name, family)
      this.#changed.add(family)
    }
    this.update(family, part, text, scrape)
    return family
  }

  /** The same of a family that is known. */
  update(family: Family, part: 'help' | 'type' | 'unit', text: string, scrape: number): void {
    family.seenAt = scrape
    const field = part === 'type' ? 'kind' : part
    if (family[field] !== text) {
      family[field] = text
      family.changed()
      this.#changed.add(family)
    }
  }

  /** The families that are new or have changed since this was last asked. */
  takeChanged(): readonly Family[] {
    if (this.#changed.size === 0) return []
    const taken = [...this.#changed]
    this.#changed = new Set()
    return taken
  }

  /** Forgets what has been gone for long. */
  sweep(scrape: number): void {
    for (const [name, family] of this.byName) {
      if (scrape - family.seenAt <= KEPT_SCRAPES) continue
      family.forgotten = true
      this.byName.delete(name)
    }
  }
}

const SUFFIXES: { readonly [kind: string]: readonly string[] } = {
  counter: ['_total'],
  histogram: ['_bucket', '_sum', '_count'],
  gaugehistogram: ['_bucket', '_gsum', '_gcount'],
  summary: ['_sum', '_count'],
  info: ['_info'],
}

/** Whether a series of this name belongs to the family: optional TYPE lines and broken text put strangers after one. */
export function isSeriesOfFamily(series: string, family: string, kind: string): boolean {
  if (!series.startsWith(family)) return false
  const suffixes = Object.hasOwn(SUFFIXES, kind) ? SUFFIXES[kind] : []
  // The classic text format puts the suffix of these two into the family's name as well.
  const bare = kind === 'counter' || kind === 'info' ? withoutSuffix(family, suffixes) : family
  return withoutSuffix(series, suffixes) === bare
}

function withoutSuffix(name: string, suffixes: readonly string[]): string {
  const suffix = suffixes.find((candidate) => name.endsWith(candidate))
  return suffix === undefined ? name : name.slice(0, -suffix.length)
}
