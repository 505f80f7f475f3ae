// A rule made ready to run.

import { createHash } from 'node:crypto'
import { Pattern } from '../regex/pattern.js'
import { parseTemplate } from '../regex/template.js'
import { lowercase, uppercase } from './case.js'
import { type Action, DEFAULT_REGEX, DEFAULT_REPLACEMENT, DEFAULT_SEPARATOR, type RuleConfig } from './config.js'
import { isLabelName, type NameScheme } from './name.js'
import type { WorkingLabels } from './working.js'

export interface Step {
  /** Changes the labels; false drops the set. */
  apply(labels: WorkingLabels): boolean
  /** Labels whose values it looks at; null where that depends on the labels' names. */
  readonly reads: readonly string[] | null
  /** The one label that it may set; null if it sets none, or which one depends on the labels. */
  readonly writes: string | null
  /** Whether it decides over the whole set. */
  readonly drops: boolean
}

/** Compiles a rule that `ruleFault` has passed. Throws a Problem for a bad regular expression. */
export function compileStep(rule: RuleConfig, scheme: NameScheme): Step {
  const action = (rule.action ?? 'replace').toLowerCase() as Action
  const sources = rule.source_labels ?? []
  const separator = rule.separator ?? DEFAULT_SEPARATOR
  const target = rule.target_label ?? ''
  const pattern = Pattern.anchored(rule.regex ?? DEFAULT_REGEX)
  const value = (labels: WorkingLabels) => {
    let text = sources.length === 0 ? '' : labels.get(sources[0])
    for (let i = 1; i < sources.length; i++) text += separator + labels.get(sources[i])
    return text
  }
  type Keep = (value: string, labels: WorkingLabels) => boolean
  const decide = (keep: Keep, reads: readonly string[] = sources): Step => ({
    apply: (labels) => keep(value(labels), labels),
    reads,
    writes: null,
    drops: true,
  })
  const set = (make: (value: string) => string): Step => ({
    apply: (labels) => (labels.set(target, make(value(labels))), true),
    reads: sources,
    writes: target,
    drops: false,
  })
  switch (action) {
    case 'keep':
      return decide((text) => pattern.test(text))
    case 'drop':
      return decide((text) => !pattern.test(text))
    case 'keepequal':
      return decide((text, labels) => labels.get(target) === text, [...sources, target])
    case 'dropequal':
      return decide((text, labels) => labels.get(target) !== text, [...sources, target])
    case 'lowercase':
      return set(lowercase)
    case 'uppercase':
      return set(uppercase)
    case 'hashmod':
      return set((text) => hashmod(text, BigInt(rule.modulus!)))
    case 'replace':
      return { ...replaceStep(rule, pattern, value, scheme), reads: sources }
    default:
      return { apply: overNames(action, pattern, rule.replacement), reads: null, writes: null, drops: false }
  }
}

/** The last eight bytes of the MD5 sum, big endian, modulo `modulus`. */
function hashmod(text: string, modulus: bigint): string {
  return (createHash('md5').update(text).digest().readBigUInt64BE(8) % modulus).toString()
}

function replaceStep(
  rule: RuleConfig,
  pattern: Pattern,
  value: (labels: WorkingLabels) => string,
  scheme: NameScheme,
): Pick<Step, 'apply' | 'writes' | 'drops'> {
  const targetText = rule.target_label!
  const replacement = rule.replacement ?? DEFAULT_REPLACEMENT
  const fixed = targetText.includes('$') ? null : targetText
  const target = parseTemplate(targetText)
  const template = parseTemplate(replacement)
  const apply = (labels: WorkingLabels): boolean => {
    const groups = pattern.exec(value(labels))
    if (groups === null) return true
    const name = fixed ?? pattern.expand(target, groups)
    // A name made of groups may turn out invalid, or empty: then nothing is written.
    if (isLabelName(name, scheme)) labels.set(name, pattern.expand(template, groups))
    return true
  }
  return { apply, writes: fixed, drops: false }
}

/** Actions that look at the names of all labels. */
function overNames(action: Action, pattern: Pattern, replacement: string | undefined): Step['apply'] {
  const template = parseTemplate(replacement ?? DEFAULT_REPLACEMENT)
  return (labels) => {
    for (const [name, value] of labels.entries()) {
      if (action === 'labelmap') {
        const groups = pattern.exec(name)
        const mapped = groups === null ? '' : pattern.expand(template, groups)
        // A label cannot have an empty name.
        if (mapped !== '') labels.set(mapped, value)
      } else if (pattern.test(name) === (action === 'labeldrop')) labels.delete(name)
    }
    return true
  }
}
