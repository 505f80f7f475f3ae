// What a collector gives: metric families with their samples, in the order in which they were added.

import { type Labels, NO_LABELS } from '../record/labels.js'

export type FamilyKind = 'counter' | 'gauge' | 'unknown'

export interface Sample {
  /** Sorted by name, without the metric's name. */
  labels: Labels
  value: number
}

export interface Family {
  name: string
  kind: FamilyKind
  help: string
  samples: Sample[]
}

export class Families {
  readonly #byName = new Map<string, Family>()

  get list(): Iterable<Family> {
    return this.#byName.values()
  }

  /** @param labels sorted by name */
  counter(name: string, help: string, value: number, labels: Labels = NO_LABELS): void {
    this.#add('counter', name, help, value, labels)
  }

  /** @param labels sorted by name */
  gauge(name: string, help: string, value: number, labels: Labels = NO_LABELS): void {
    this.#add('gauge', name, help, value, labels)
  }

  unknown(name: string, help: string, value: number): void {
    this.#add('unknown', name, help, value, NO_LABELS)
  }

  #add(kind: FamilyKind, name: string, help: string, value: number, labels: Labels): void {
    let family = this.#byName.get(name)
    if (family === undefined) this.#byName.set(name, (family = { name, kind, help, samples: [] }))
    family.samples.push({ labels, value })
  }
}
