// The label set that rules work on: Prometheus's labels.Builder, with its order of iteration.

import { getLabel, type Labels, labelsOfMap, sameLabels } from '../record/labels.js'

/** Labels under change. Setting a label to the empty string removes it. */
export class WorkingLabels {
  #map: Map<string, string> | null = null
  /** Names set since the start: they come after the original ones, which decides between labels mapped to one name. */
  #added: Set<string> | null = null

  constructor(private readonly original: Labels) {}

  get(name: string): string {
    return this.#map === null ? getLabel(this.original, name) : (this.#map.get(name) ?? '')
  }

  set(name: string, value: string): void {
    if (value === '') return this.delete(name)
    const map = this.#own()
    const added = (this.#added ??= new Set())
    if (!added.has(name)) {
      map.delete(name)
      added.add(name)
    }
    map.set(name, value)
  }

  delete(name: string): void {
    if (this.get(name) === '') return
    this.#own().delete(name)
    this.#added?.delete(name)
  }

  /** Names and values as they are now; changes made meanwhile do not show. */
  entries(): [string, string][] {
    if (this.#map !== null) return [...this.#map]
    const pairs: [string, string][] = []
    const { original } = this
    for (let i = 0; i < original.length; i += 2) if (original[i + 1] !== '') pairs.push([original[i], original[i + 1]])
    return pairs
  }

  /** The result, without empty labels; the very labels of the start if nothing changed. */
  labels(): Labels {
    if (this.#map === null && !hasEmpty(this.original)) return this.original
    const labels = labelsOfMap(this.#own())
    return sameLabels(labels, this.original) ? this.original : labels
  }

  #own(): Map<string, string> {
    return (this.#map ??= new Map(this.entries()))
  }

}

function hasEmpty(labels: Labels): boolean {
  for (let i = 1; i < labels.length; i += 2) if (labels[i] === '') return true
  return false
}
