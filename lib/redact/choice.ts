// Which rules are in use, by their names and those of their groups.

import { didYouMean, Problem, throwAll } from '../diag/problem.js'
import { PERSONAL } from './personal.js'
import type { RedactRule } from './rule.js'
import { SECRETS } from './secrets.js'

/** Every rule that is there without a file, in the order in which they hide. */
export const REDACT_RULES: readonly RedactRule[] = [...SECRETS, ...PERSONAL]

/** Own rules stand first: they hide what others would find, too. Throws a Problem for each unknown name. */
export function chooseRules(
  names: readonly string[], without: readonly string[], own: readonly RedactRule[],
): RedactRule[] {
  const problems: Problem[] = []
  const chosen = namedRules(names, problems)
  for (const rule of namedRules(without, problems)) chosen.delete(rule)
  throwAll(problems)
  return [...own, ...REDACT_RULES.filter((rule) => chosen.has(rule))]
}

function namedRules(names: readonly string[], problems: Problem[]): Set<RedactRule> {
  const rules = new Set<RedactRule>()
  for (const name of names.flatMap((name) => name.split(',')).filter((name) => name !== '')) {
    const meant = REDACT_RULES.filter((rule) => rule.name === name || rule.group === name)
    for (const rule of meant) rules.add(rule)
    if (meant.length > 0) continue
    const known = [...new Set(REDACT_RULES.flatMap((rule) => [rule.group as string, rule.name]))]
    problems.push(new Problem(`unknown rule '${name}'`, { expected: known.join(', '), hint: didYouMean(name, known) }))
  }
  return rules
}
