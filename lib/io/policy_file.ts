// Sampling policies from a file and from the command line, read and compiled.

import { readFile } from 'node:fs/promises'
import { Problem } from '../diag/problem.js'
import { fileComplaint } from '../net/file.js'
import { compilePolicies, type PolicyText, type TailPolicies } from '../trace/sampling/compile.js'

/**
 * @param file null: there is none
 * @param single policies of their own, one YAML text each
 * @param failed see `compilePolicies`
 * Throws every Problem with its place.
 */
export async function readPolicies(
  file: string | null, single: readonly string[], failed: (policy: string, why: string) => void,
): Promise<TailPolicies> {
  const texts: PolicyText[] = []
  if (file !== null) {
    const text = await readFile(file, 'utf8').catch((cause: unknown) => {
      throw new Problem(`cannot read ${file}: ${fileComplaint(cause)}`, { cause, expected: 'a file of sampling policies' })
    })
    texts.push({ file, text, single: false })
  }
  for (const text of single) texts.push({ file: '--policy', text, single: true })
  if (texts.length === 0) throw new Problem('no policies', { expected: 'a FILE of policies, or --policy' })
  return compilePolicies(texts, failed)
}
