// Relabel rules over label sets and identities, as Prometheus 3 applies them. Pure.

import { didYouMean, Problem, throwAll } from '../diag/problem.js'
import type { Identity } from '../record/identity.js'
import { getLabel, type Labels } from '../record/labels.js'
import { ACTIONS, type RuleConfig, ruleFault } from './config.js'
import { metadataName } from './metadata.js'
import type { NameScheme } from './name.js'
import { compileStep, type Step } from './step.js'
import { WorkingLabels } from './working.js'

export type { RuleConfig } from './config.js'

const NAME = '__name__'

/** Compiled rules, applied in order. */
export class RelabelRules {
  constructor(readonly steps: readonly Step[]) {}

  /**
   * The labels after all rules (the same array where nothing changed), null if a rule drops the set. A metric's name is
   * the label `__name__`.
   */
  apply(labels: Labels): Labels | null {
    const working = new WorkingLabels(labels)
    for (const step of this.steps) if (!step.apply(working)) return null
    return working.labels()
  }

  /**
   * An identity after all rules, null if they drop it. The name of metrics and profiles is seen as `__name__`. A metric
   * left without name and labels is dropped. Metadata goes where the series of its name go (see `metadataName`). Spans
   * and checkpoints carry no labels and are left alone.
   */
  identity(id: Identity): Identity | null {
    switch (id.type) {
      case 'metric':
      case 'profile':
        return this.#named(id)
      case 'target':
      case 'log': {
        const labels = this.apply(id.labels)
        return labels === null ? null : labels === id.labels ? id : id.with(id.name, labels)
      }
      case 'metadata': {
        const name = metadataName(this.steps, id.name, id.kind)
        return name === null ? null : name === id.name ? id : id.with(name, id.labels)
      }
      default:
        return id
    }
  }

  #named(id: Identity): Identity | null {
    const before = withName(id.labels, id.name)
    const labels = this.apply(before)
    if (labels === before) return id
    if (labels === null || (labels.length === 0 && id.type === 'metric')) return null
    return id.with(getLabel(labels, NAME), withoutName(labels))
  }
}

/** Labels with a name among them, in its place. */
function withName(labels: Labels, name: string): Labels {
  if (name === '') return labels
  const out: string[] = []
  let placed = false
  for (let i = 0; i < labels.length; i += 2) {
    if (labels[i] === NAME) continue
    // ASCII sorts the same by code units and by code points.
    if (!placed && labels[i] > NAME) {
      out.push(NAME, name)
      placed = true
    }
    out.push(labels[i], labels[i + 1])
  }
  if (!placed) out.push(NAME, name)
  return out
}

function withoutName(labels: Labels): Labels {
  for (let i = 0; i < labels.length; i += 2) {
    if (labels[i] === NAME) return [...labels.slice(0, i), ...labels.slice(i + 2)]
  }
  return labels
}

/** Rules to apply, all checked. Throws every Problem at once; `where` names a rule in them by its index from 0. */
export function compileRules(
  configs: readonly RuleConfig[],
  scheme: NameScheme = 'utf8',
  where: (index: number) => string = (index) => `rule ${index + 1}`,
): RelabelRules {
  const problems: Problem[] = []
  const steps: Step[] = []
  configs.forEach((config, index) => {
    const fault = ruleFault(config, scheme)
    if (fault !== null) {
      const hint = fault.key === 'action' ? didYouMean(config.action ?? '', ACTIONS) : undefined
      problems.push(new Problem(`${where(index)}: ${fault.message}`, { expected: fault.expected, hint }))
      return
    }
    try {
      steps.push(compileStep(config, scheme))
    } catch (error) {
      if (!(error instanceof Problem)) throw error
      problems.push(new Problem(`${where(index)}: ${error.message}`, { place: error.place }))
    }
  })
  throwAll(problems)
  return new RelabelRules(steps)
}
