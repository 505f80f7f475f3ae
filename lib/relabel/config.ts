// One relabel rule as it is configured, its defaults, and what makes it invalid (as in Prometheus 3).

import { isLabelName, isNameTemplate, type NameScheme } from './name.js'

/** A rule of `relabel_configs` or `metric_relabel_configs`; an absent key has Prometheus's default. */
export interface RuleConfig {
  source_labels?: string[]
  /** Between the values of the source labels; `;`. */
  separator?: string
  /** Anchored at both ends; `(.*)`. */
  regex?: string
  /** For hashmod; beyond 2^53 as a bigint. */
  modulus?: number | bigint
  target_label?: string
  /** `$1`. */
  replacement?: string
  /** `replace`. */
  action?: string
}

export const ACTIONS = [
  'replace', 'keep', 'drop', 'keepequal', 'dropequal', 'hashmod', 'labelmap', 'labeldrop', 'labelkeep', 'lowercase',
  'uppercase',
] as const
export type Action = (typeof ACTIONS)[number]

export const RULE_KEYS = ['source_labels', 'separator', 'regex', 'modulus', 'target_label', 'replacement', 'action'] as const
export type RuleKey = (typeof RULE_KEYS)[number]

export const DEFAULT_SEPARATOR = ';'
export const DEFAULT_REGEX = '(.*)'
export const DEFAULT_REPLACEMENT = '$1'

/** What is wrong with a rule, and the key at fault. */
export interface RuleFault {
  key: RuleKey
  message: string
  expected?: string
}

const TARGETED: ReadonlySet<string> = new Set(['replace', 'hashmod', 'lowercase', 'uppercase', 'keepequal', 'dropequal'])

export function isAction(word: string): word is Action {
  return (ACTIONS as readonly string[]).includes(word)
}

/** The first thing that makes a rule invalid, apart from its regular expression; null if nothing does. */
export function ruleFault(rule: RuleConfig, scheme: NameScheme): RuleFault | null {
  const action = (rule.action ?? 'replace').toLowerCase()
  if (action === '') return { key: 'action', message: 'relabel action cannot be empty', expected: ACTIONS.join(', ') }
  if (!isAction(action)) {
    return { key: 'action', message: `unknown relabel action '${rule.action}'`, expected: ACTIONS.join(', ') }
  }
  return targetFault(rule, action, scheme) ?? needlessKey(rule, action)
}

function targetFault(rule: RuleConfig, action: Action, scheme: NameScheme): RuleFault | null {
  const target = rule.target_label ?? ''
  const replacement = rule.replacement ?? DEFAULT_REPLACEMENT
  if (action === 'hashmod' && Number(rule.modulus ?? 0) === 0) {
    return { key: 'modulus', message: 'relabel configuration for hashmod requires non-zero modulus' }
  }
  if (TARGETED.has(action)) {
    if (target === '') {
      return { key: 'target_label', message: `relabel configuration for ${action} action requires 'target_label' value` }
    }
    const template = action === 'replace' && target.includes('$')
    if (template ? !isNameTemplate(target, scheme) : !isLabelName(target, scheme)) {
      const message = `${JSON.stringify(target)} is invalid 'target_label' for ${action} action`
      return { key: 'target_label', message, expected: scheme === 'legacy' ? 'letters, digits and _' : 'a UTF-8 name' }
    }
  }
  if ((action === 'lowercase' || action === 'uppercase') && replacement !== DEFAULT_REPLACEMENT) {
    return { key: 'replacement', message: `'replacement' can not be set for ${action} action` }
  }
  if (action === 'labelmap' && !isNameTemplate(replacement, scheme)) {
    return { key: 'replacement', message: `${JSON.stringify(replacement)} is invalid 'replacement' for labelmap action` }
  }
  return null
}

/** A key that the action does not look at and that was set to something else than its default. */
function needlessKey(rule: RuleConfig, action: Action): RuleFault | null {
  const isSet: { readonly [K in RuleKey]: boolean } = {
    source_labels: rule.source_labels !== undefined,
    separator: rule.separator !== undefined && rule.separator !== DEFAULT_SEPARATOR,
    // Written out, even the default counts as set, as in Prometheus.
    regex: rule.regex !== undefined,
    modulus: Number(rule.modulus ?? 0) !== 0,
    target_label: (rule.target_label ?? '') !== '',
    replacement: rule.replacement !== undefined && rule.replacement !== DEFAULT_REPLACEMENT,
    action: false,
  }
  const find = (keys: readonly RuleKey[], message: string): RuleFault | null => {
    const key = keys.find((each) => isSet[each])
    return key === undefined ? null : { key, message }
  }
  switch (action) {
    case 'keepequal':
    case 'dropequal':
      return find(
        ['regex', 'modulus', 'separator', 'replacement'],
        `${action} action requires only 'source_labels' and 'target_label', and no other fields`,
      )
    case 'labeldrop':
    case 'labelkeep':
      return find(
        ['source_labels', 'target_label', 'modulus', 'separator', 'replacement'],
        `${action} action requires only 'regex', and no other fields`,
      )
    default:
      return null
  }
}
