// What rules mean for the metadata of a family, which carries no labels but the family's name.

import type { Step } from './step.js'
import { WorkingLabels } from './working.js'

const NAME = '__name__'

/** Endings of the series that a family of this kind has, beside the family's own name. */
const ENDINGS: { readonly [kind: string]: readonly string[] } = {
  counter: ['_total'],
  histogram: ['_bucket', '_count', '_sum'],
  gaugehistogram: ['_bucket', '_gcount', '_gsum'],
  summary: ['_count', '_sum'],
  info: ['_info'],
}

/**
 * The family's name after the rules, null if none of its series can be left. Only rules that concern the name alone
 * count: those that decide by `__name__`, and those that rewrite `__name__` from itself or to a constant. The family
 * goes when all its possible series go, and is renamed as its series are.
 */
export function metadataName(steps: readonly Step[], family: string, kind: string): string | null {
  const concerned = steps.filter(concernsName)
  if (concerned.length === 0) return family
  const endings = ['', ...(Object.hasOwn(ENDINGS, kind) ? ENDINGS[kind] : [])]
  let left: string | null = null
  for (const ending of endings) {
    const name = renamed(concerned, family + ending)
    if (name === null) continue
    // A histogram has no series of its family's own name, but a native one has: the first that is left tells.
    left = name.endsWith(ending) ? name.slice(0, name.length - ending.length) : name
    if (left !== '') return left
  }
  return left === '' ? family : left
}

function concernsName({ reads, writes, drops }: Step): boolean {
  if (reads === null || reads.some((name) => name !== NAME)) return false
  return drops ? reads.length > 0 : writes === NAME
}

function renamed(steps: readonly Step[], name: string): string | null {
  const labels = new WorkingLabels([NAME, name])
  for (const step of steps) if (!step.apply(labels)) return null
  const after = labels.get(NAME)
  return after === '' ? null : after
}
