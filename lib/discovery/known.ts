// What is discovered now, and what has been told of it.

import { Identity } from '../record/identity.js'
import { labelsOfMap } from '../record/labels.js'
import { RecordBatch } from '../record/batch.js'
import type { TargetGroup } from './group.js'

/** A group of one place (file, URL), the n-th of its document. */
export interface PlacedGroup {
  /** `PLACE:N`. */
  source: string
  /** null: it is gone. */
  targets: readonly ReadonlyMap<string, string>[] | null
  labels: ReadonlyMap<string, string> | null
}

export class Known {
  readonly #places = new Map<string, readonly PlacedGroup[]>()
  #told = new Map<string, Identity>()
  #changed = false

  /** @param meta the label that names the place: `__meta_filepath`, `__meta_url`; none if absent */
  constructor(private readonly meta?: string) {}

  /** The groups of a place as they are. */
  groups(place: string): readonly PlacedGroup[] {
    return this.#places.get(place) ?? []
  }

  /** Replaces the groups of a place; returns them, and after them those that it has no more. */
  set(place: string, groups: readonly TargetGroup[]): PlacedGroup[] {
    const before = this.groups(place)
    const now = groups.map(({ targets, labels }, i) => ({
      source: `${place}:${i}`,
      targets: targets.map((address) => new Map([['__address__', address]])),
      labels: this.meta === undefined ? labels : new Map([...labels, [this.meta, place]]),
    }))
    this.#changed = true
    if (groups.length > 0) this.#places.set(place, now)
    else this.#places.delete(place)
    const gone = before.slice(groups.length).map(({ source }) => ({ source, targets: null, labels: null }))
    return [...now, ...gone]
  }

  /**
   * Records of what changed since the last call, first what went: where a later stage makes two targets one, the one
   * that came stays. A target that stands in several groups is one.
   */
  changes(): RecordBatch {
    if (!this.#changed) return new RecordBatch([], [])
    this.#changed = false
    const now = new Map<string, Identity>()
    for (const groups of this.#places.values()) {
      for (const { targets, labels } of groups) {
        for (const target of targets ?? []) {
          const id = Identity.of('target', '', labelsOfMap(new Map([...labels!, ...target])))
          const key = id.prefix.toString()
          now.set(key, this.#told.get(key) ?? id)
        }
      }
    }
    const gone = [...this.#told].filter(([key]) => !now.has(key)).map(([, id]) => id)
    const came = [...now].filter(([key]) => !this.#told.has(key)).map(([, id]) => id)
    this.#told = now
    const payloads = [...gone.map(() => ({ state: 'gone' })), ...came.map(() => ({ state: 'present' }))]
    return new RecordBatch([...gone, ...came], payloads)
  }
}
