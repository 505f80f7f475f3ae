// Files of relabel rules, read.

import { readFile } from 'node:fs/promises'
import { Problem } from '../diag/problem.js'
import type { RuleConfig } from '../relabel/config.js'
import type { NameScheme } from '../relabel/name.js'

/** The rules of a YAML file. Throws a Problem, or Problems with their places; `option` is the flag that named the file. */
export async function readRuleFile(file: string, scheme: NameScheme, option?: string): Promise<RuleConfig[]> {
  const { parseRules } = await import('../relabel/document.js')
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (cause) {
    // Node says `ENOENT: no such file or directory, open 'rules.yaml'`.
    const reason = (cause as Error).message.replace(/^[A-Z]+: /, '').replace(/, \w+( '.*')?$/s, '')
    const message = `${option === undefined ? '' : `${option}: `}cannot read ${file}: ${reason}`
    throw new Problem(message, { cause, expected: 'a file of relabel rules' })
  }
  return parseRules(text, file, scheme)
}
