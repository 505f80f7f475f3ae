// Labels of one sample: the target's labels put upon the exposed ones, limits, validity.

import { compareCodePoints } from '../record/json.js'
import { getLabel, hasLabel, type Labels, labelPairs, labelsOfMap } from '../record/labels.js'
import { isLabelName, type NameScheme } from '../relabel/name.js'
import type { RelabelRules } from '../relabel/rules.js'

export const NAME = '__name__'
const EXPORTED = 'exported_'
const LEGACY_METRIC = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/

/** Bounds on the labels of one series; 0 is none. Lengths in bytes of UTF-8. */
export interface LabelLimits {
  labels: number
  nameLength: number
  valueLength: number
}

export interface SampleLabelOptions {
  /** Labels that the target exposes win over the target's own. */
  honorLabels: boolean
  metricRelabel?: RelabelRules
  nameScheme: NameScheme
  limits: LabelLimits
}

/**
 * Final labels of an exposed series, null where the rules drop it. Throws an Error where the whole scrape must fail.
 *
 * @param exposed with `__name__`, in order; a name that stands there twice is an error
 */
export function sampleLabels(exposed: Labels, target: Labels, options: SampleLabelOptions): Labels | null {
  checkUnique(exposed)
  const merged = options.honorLabels ? honoured(exposed, target) : overridden(exposed, target)
  const relabelled = options.metricRelabel === undefined ? merged : options.metricRelabel.apply(merged)
  if (relabelled === null) return null
  const labels = withoutEmpty(relabelled)
  if (labels.length === 0) return null
  checkNames(labels, options.nameScheme)
  checkLimits(labels, options.limits)
  return labels
}

function honoured(exposed: Labels, target: Labels): Labels {
  const labels = new Map(labelPairs(exposed))
  // An exposed empty label stands: that is how a target says that it does not want the label.
  for (const [name, value] of labelPairs(target)) if (!labels.has(name)) labels.set(name, value)
  return withoutEmpty(labelsOfMap(labels))
}

function overridden(exposed: Labels, target: Labels): Labels {
  const merged = merge(exposed, target)
  return merged === null ? renamed(exposed, target) : withoutEmpty(merged)
}

/** Two label sets in one, null where both have a label of the same name. */
function merge(one: Labels, other: Labels): Labels | null {
  const out: string[] = []
  let at = 0
  for (let i = 0; i < other.length; i += 2) {
    const name = other[i]
    for (; at < one.length && compareCodePoints(one[at], name) < 0; at += 2) out.push(one[at], one[at + 1])
    if (one[at] === name) return null
    out.push(name, other[i + 1])
  }
  for (; at < one.length; at += 2) out.push(one[at], one[at + 1])
  return out
}

/** Where names meet the target's win, and the exposed ones become `exported_…`. */
function renamed(exposed: Labels, target: Labels): Labels {
  const labels = new Map(labelPairs(exposed))
  const conflicts: [string, string][] = []
  for (const [name, value] of labelPairs(target)) {
    const before = labels.get(name) ?? ''
    if (before !== '') conflicts.push([name, before])
    labels.set(name, value)
  }
  conflicts.sort(([a], [b]) => a.length - b.length)
  for (const [name, value] of conflicts) {
    let renamed = EXPORTED + name
    while ((labels.get(renamed) ?? '') !== '') renamed = EXPORTED + renamed
    labels.set(renamed, value)
  }
  return withoutEmpty(labelsOfMap(labels))
}

function withoutEmpty(labels: Labels): Labels {
  for (let i = 1; i < labels.length; i += 2) {
    if (labels[i] !== '') continue
    return labelsOfMap(new Map([...labelPairs(labels)].filter(([, value]) => value !== '')))
  }
  return labels
}

function checkUnique(exposed: Labels): void {
  for (let i = 2; i < exposed.length; i += 2) {
    if (exposed[i] === exposed[i - 2]) throw new Error(`label name ${JSON.stringify(exposed[i])} is not unique: invalid sample`)
  }
}

function checkNames(labels: Labels, scheme: NameScheme): void {
  if (!hasLabel(labels, NAME)) throw new Error('missing metric name (__name__ label)')
  for (let i = 0; i < labels.length; i += 2) {
    const name = labels[i]
    const value = labels[i + 1]
    const valid = name === NAME && scheme === 'legacy' ? LEGACY_METRIC.test(value) : isLabelName(name, scheme)
    if (!valid || !value.isWellFormed()) {
      throw new Error(`invalid metric name or label names: ${JSON.stringify(name)}=${JSON.stringify(value)}`)
    }
  }
}

function checkLimits(labels: Labels, limits: LabelLimits): void {
  const metric = () => shortened(getLabel(labels, NAME))
  const count = labels.length / 2
  if (limits.labels > 0 && count > limits.labels) {
    throw new Error(`label_limit exceeded (metric: ${metric()}, number of labels: ${count}, limit: ${limits.labels})`)
  }
  const check = (limit: number, option: string, text: string, name: string) => {
    if (limit <= 0 || text.length * 3 <= limit) return
    const length = Buffer.byteLength(text)
    if (length <= limit) return
    throw new Error(`${option} exceeded (metric: ${metric()}, label name: ${shortened(name)}, length: ${length}, limit: ${limit})`)
  }
  if (limits.nameLength <= 0 && limits.valueLength <= 0) return
  for (const [name, value] of labelPairs(labels)) {
    check(limits.nameLength, 'label_name_length_limit', name, name)
    check(limits.valueLength, 'label_value_length_limit', value, name)
  }
}

function shortened(text: string): string {
  return text.length > 50 ? text.slice(0, 50) : text
}
