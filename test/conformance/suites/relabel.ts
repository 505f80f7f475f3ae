// The suite `relabel`: rules over label sets, their validation, and the YAML they are read from and written to.

import { deepEqual, equal, ok } from 'node:assert/strict'
import type { isLabelName } from '../../../lib/relabel/name.js'
import { type RuleConfig, ruleFault } from '../../../lib/relabel/config.js'
import { parseRules, rulesText } from '../../../lib/relabel/document.js'
import { compileRules } from '../../../lib/relabel/rules.js'
import { labelsOfObject } from '../../../lib/record/labels.js'
import type { Case } from '../suite.js'

type Scheme = Parameters<typeof isLabelName>[1]

interface Expected {
  drop?: boolean
  labels?: { [name: string]: string }
  valid?: boolean
  error_contains?: string
  yaml?: string
}

export async function relabel(test: Case): Promise<void> {
  const scheme = test.name_validation_scheme as Scheme
  const expected = test.expected as Expected
  switch (test.kind) {
    case 'process': {
      const labels = labelsOfObject(test.labels as { [name: string]: string })
      const got = compileRules(test.rules as RuleConfig[], scheme).apply(labels)
      return deepEqual(got, expected.drop === true ? null : labelsOfObject(expected.labels!))
    }
    case 'validate':
      return validate(test.raw_config as RuleConfig, scheme, expected)
    case 'target_label_legacy':
      return validate({ source_labels: ['a'], target_label: test.target_label as string }, scheme, expected)
    case 'yaml_roundtrip': {
      // A case is one rule; a file is a list of them.
      const lines = (test.yaml as string).trimEnd().split('\n')
      const rules = await parseRules(`- ${lines.join('\n  ')}\n`, test.name)
      const text = await rulesText(rules)
      return equal(text.replace(/^(?:- | {2})/gm, ''), expected.yaml)
    }
    default:
      throw new Error(`unknown kind ${test.kind}`)
  }
}

function validate(raw: RuleConfig, scheme: Scheme, expected: Expected): void {
  // An empty list stands for one that is not there.
  const { source_labels, ...rest } = raw
  const rule = source_labels === undefined || source_labels.length === 0 ? rest : raw
  const fault = ruleFault(rule, scheme)
  equal(fault === null, expected.valid, fault?.message)
  if (expected.error_contains !== undefined) ok(fault!.message.includes(expected.error_contains), fault!.message)
}
