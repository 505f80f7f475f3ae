// Options of a rotated file that do not go together.

import { Problem } from '../diag/problem.js'

interface FileOptions {
  readonly rotate_bytes: number | undefined
  readonly rotate_every: number | undefined
  readonly keep: number | undefined
  readonly compress: string
  readonly state: string | undefined
  readonly fsync: string
}

/** What is wrong with them; nothing, as a rule. */
export function contradictions({ rotate_bytes, rotate_every, keep, compress, state, fsync }: FileOptions): Problem[] {
  const problems: Problem[] = []
  if (rotate_bytes === undefined && rotate_every === undefined && (keep !== undefined || compress !== 'none')) {
    problems.push(new Problem(`${keep === undefined ? '--compress' : '--keep'} needs files that are set aside`, {
      expected: '--rotate-bytes or --rotate-every',
    }))
  }
  if (state !== undefined && fsync === 'never') {
    const expected = '--fsync close or write'
    problems.push(new Problem('--state commits what the disk has, and --fsync is never', { expected }))
  }
  return problems
}
