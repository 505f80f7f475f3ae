// Dimensions of metrics: attributes of spans, or of their resource, by name, with what stands for those that are absent.

import { type Attribute, attributeText } from '../aggregate/table.js'
import type { Json } from '../record/json.js'
import { attributeIn, type JsonMap, keyPart } from './span.js'

export interface Dimension {
  readonly name: string
  /** undefined: the metric is without it. */
  readonly absent: string | undefined
}

/** `NAME` or `NAME=DEFAULT`. */
export function dimensionsOf(words: readonly string[]): readonly Dimension[] {
  return words.map((word) => {
    const at = word.indexOf('=')
    return at < 0 ? { name: word, absent: undefined } : { name: word.slice(0, at), absent: word.slice(at + 1) }
  })
}

/** What tells the values from others. */
export function dimensionKey(dimensions: readonly Dimension[], ...maps: readonly JsonMap[]): string {
  let key = ''
  for (const { name, absent } of dimensions) {
    const value = attributeIn(name, ...maps) ?? absent
    // The type is part of it: 1 and "1" are two series.
    key += value === undefined ? '-' : typeof value === 'string' ? keyPart(value) : `=${keyPart(attributeText(value))}`
  }
  return key
}

export function dimensionValues(dimensions: readonly Dimension[], ...maps: readonly JsonMap[]): Attribute[] {
  return dimensions.flatMap(({ name, absent }): Attribute[] => {
    const value: Json | undefined = attributeIn(name, ...maps) ?? absent
    return value === undefined ? [] : [[name, value]]
  })
}
