// Files of rules for redacting, read.

import { readFile } from 'node:fs/promises'
import { Problem } from '../diag/problem.js'
import { fileComplaint } from '../net/file.js'
import type { RedactRule } from '../redact/rule.js'

/** The rules of a YAML file. Throws every Problem with its place. */
export async function readRedactRules(file: string): Promise<RedactRule[]> {
  const { parseRedactRules } = await import('../redact/document.js')
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (cause) {
    throw new Problem(`cannot read ${file}: ${fileComplaint(cause)}`, { cause, expected: 'a file of rules' })
  }
  return parseRedactRules(text, file)
}
