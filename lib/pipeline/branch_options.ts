// What waits for each of several branches of a pipe, as options of `run`, and without `branch_` as keys of a pipe.

import { Problem } from '../diag/problem.js'
import type { OptionTable, OptionValues } from '../option/table.js'

const COMMON = { since: '0.1.0', group: 'Branches' } as const

export const BRANCH_OPTIONS = {
  branch_buffer: {
    ...COMMON,
    type: 'bytes',
    default: '32MiB',
    help: 'records that may wait in memory for one of several branches',
  },
  branch_full: {
    ...COMMON,
    type: 'enum',
    values: ['block', 'drop_oldest', 'spool'],
    default: 'drop_oldest',
    help: 'what happens when there are more: the pipe waits; the oldest are given up; or they wait on the disk',
  },
  branch_patience: {
    ...COMMON,
    type: 'duration',
    default: '5s',
    help: 'time for a branch that takes nothing: then its oldest records are given up, or what waits goes to the disk',
  },
  branch_state: {
    ...COMMON,
    type: 'path',
    value: 'DIR',
    help: 'folder of what waits on the disk, in DIR/branches/PIPE',
  },
  branch_spool_bytes: {
    ...COMMON,
    type: 'bytes',
    default: '1GiB',
    help: 'bytes on the disk for each branch; beyond, the oldest go',
  },
  branch_spool_age: {
    ...COMMON,
    type: 'duration',
    default: '7d',
    help: 'what has waited on the disk for longer is dropped; 0 for no bound',
  },
} as const satisfies OptionTable

export type BranchValues = OptionValues<typeof BRANCH_OPTIONS>

const PREFIX = 'branch_'

/** The keys of `branch` in a pipe. */
export const BRANCH_KEYS: OptionTable = Object.fromEntries(
  Object.entries(BRANCH_OPTIONS).map(([key, spec]) => [key.slice(PREFIX.length), spec]),
)

/** The option that is said by a key of `branch`. */
export function optionOf(key: string): string {
  return PREFIX + key
}

/** A spool without a folder, or null. */
export function branchComplaint({ branch_full, branch_state }: Partial<BranchValues>, state: string): Problem | null {
  if (branch_full !== 'spool' || branch_state !== undefined) return null
  return new Problem(`${state} is missing`, { expected: 'a folder for what waits on the disk' })
}
