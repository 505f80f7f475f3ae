// `branch` of a pipe: what waits for each of its branches, where that is not what `solder run` says.

import type { ParsedNode } from 'yaml'
import { Problem } from '../diag/problem.js'
import { parseValue } from '../option/value.js'
import { BRANCH_KEYS, branchComplaint, type BranchValues, optionOf } from '../pipeline/branch_options.js'
import { givenIn } from '../pipeline/given.js'
import type { Pipe } from '../pipeline/model.js'
import type { ChainReader } from './chain.js'
import type { ConfigDocument, Entry } from './document.js'
import type { Spelled } from './spelled.js'

/** A key with something under it. */
export type Setting = Entry & { readonly value: ParsedNode }

/** Problems are added to those of the document; null where there is any. */
export async function readBranch(
  document: ConfigDocument,
  { at, value }: Setting,
  chain: ChainReader,
): Promise<Pipe['branch']> {
  if (document.entries(value) === null) {
    document.problem(value, "'branch' is no map", { expected: Object.keys(BRANCH_KEYS).join(', ') })
    return null
  }
  const before = document.problems.length
  const words = await chain.settings(value, { name: 'branch', args: [], options: BRANCH_KEYS })
  const values = words === null ? {} : valuesOf(words, document.problems)
  const complaint = branchComplaint(values, "'state'")
  if (complaint !== null && document.problems.length === before) document.problem(at, complaint.message, complaint)
  return document.problems.length > before ? null : { place: document.place(at), values }
}

function valuesOf(words: readonly Spelled[], problems: Problem[]): Partial<BranchValues> {
  const { options } = givenIn(BRANCH_KEYS, words.map(({ text }) => text.toString()))
  const found = options.map(({ key, value, from }): [string, unknown] => {
    const word = words[value!]
    const text = word.text.from(from).reveal()
    if (word.text.secret) {
      problems.push(new Problem(`'${key}' cannot be a secret`, { place: word.place }))
      return [optionOf(key), undefined]
    }
    try {
      return [optionOf(key), parseValue(BRANCH_KEYS[key], text, key)]
    } catch (error) {
      if (!(error instanceof Problem)) throw error
      const { message, expected } = error
      problems.push(new Problem(message, { expected, place: word.part(from, text.length) }))
      return [optionOf(key), undefined]
    }
  })
  return Object.fromEntries(found) as Partial<BranchValues>
}

/** Tells of pipes that have no branches to which it could apply. */
export function checkBranches(pipes: readonly Pipe[], problems: Problem[]): void {
  for (const { name, branch, to, readers } of pipes) {
    if (branch === null || to.length + readers.length > 1) continue
    const details = { place: branch.place, expected: "several under 'to', or other pipes that read it" }
    problems.push(new Problem(`pipe '${name}' has one way out, for which nothing waits`, details))
  }
}
