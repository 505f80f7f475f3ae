// Label sets: sorted, immutable, safe for any name (`__proto__` is a name like another).

import { compareCodePoints, sortedKeys } from './json.js'

/** Names and values in turn, `[n1, v1, n2, v2, …]`, names unique and in code-point order. */
export type Labels = readonly string[]

export const NO_LABELS: Labels = Object.freeze([])

/** The value of a label, `''` where it is absent (as Prometheus reads it). */
export function getLabel(labels: Labels, name: string): string {
  for (let i = 0; i < labels.length; i += 2) if (labels[i] === name) return labels[i + 1]
  return ''
}

export function hasLabel(labels: Labels, name: string): boolean {
  for (let i = 0; i < labels.length; i += 2) if (labels[i] === name) return true
  return false
}

export function sameLabels(a: Labels, b: Labels): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}

/** A label set from pairs in any order; of a repeated name the last value counts. */
export function labelsOf(pairs: Iterable<readonly [string, string]>): Labels {
  return labelsOfMap(new Map(pairs))
}

export function labelsOfMap(map: ReadonlyMap<string, string>): Labels {
  const names = [...map.keys()]
  for (let i = 1; i < names.length; i++) {
    if (compareCodePoints(names[i - 1], names[i]) > 0) {
      names.sort(compareCodePoints)
      break
    }
  }
  const out = new Array<string>(names.length * 2)
  for (let i = 0; i < names.length; i++) {
    out[2 * i] = names[i]
    out[2 * i + 1] = map.get(names[i])!
  }
  return out
}

/** A label set from a plain object's own string values. */
export function labelsOfObject(object: { readonly [name: string]: string }): Labels {
  const out: string[] = []
  for (const name of sortedKeys(object)) out.push(name, object[name])
  return out
}

/** The pairs of a label set. */
export function* labelPairs(labels: Labels): Generator<[string, string]> {
  for (let i = 0; i < labels.length; i += 2) yield [labels[i], labels[i + 1]]
}

/** The canonical JSON object of a label set. */
export function labelsText(labels: Labels): string {
  let text = '{'
  for (let i = 0; i < labels.length; i += 2) {
    text += `${i === 0 ? '' : ','}${JSON.stringify(labels[i])}:${JSON.stringify(labels[i + 1])}`
  }
  return text + '}'
}
