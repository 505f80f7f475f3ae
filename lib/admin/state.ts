// A running pipeline as the API tells it.

import type { Entry } from '../ledger/ledger.js'
import { gapsIn, type Junction } from '../ledger/sheet.js'
import type { SupervisedPipe } from '../supervisor/pipe.js'
import { totalsOf } from './metrics.js'

/** An account, as JSON. */
export type EntryState = Omit<Entry, 'dropped'> & { readonly dropped: { readonly [reason: string]: number } }

export interface PipeStatus {
  readonly name: string
  readonly state: string
  readonly pid: number | null
  /** Exit code of its last process; null while it had none. */
  readonly exit_code: number | null
  readonly restarts: number
  /** Unix nanoseconds, decimal. */
  readonly started: string
  readonly cpu_seconds: number
  readonly rss_bytes: number
  /** Over all processes that it had. */
  readonly stages: readonly EntryState[]
}

export interface PipeLedger {
  readonly name: string
  /** Of its process of the moment. */
  readonly stages: readonly EntryState[]
  readonly junctions: readonly Junction[]
  /** A sentence each. */
  readonly gaps: readonly string[]
}

export function statusOf(pipe: SupervisedPipe): PipeStatus {
  const { name, state, child, code, restarts, since } = pipe
  const alive = state !== 'done' && state !== 'failed' && state !== 'waiting'
  return {
    name,
    state,
    pid: alive ? (child?.pid ?? null) : null,
    exit_code: code,
    restarts,
    started: `${since}000000`,
    cpu_seconds: child?.report?.cpu ?? 0,
    rss_bytes: child?.report?.rss ?? 0,
    stages: totalsOf(pipe).map(entryState),
  }
}

export function ledgerOf({ name, child, totals }: SupervisedPipe): PipeLedger {
  const sheet = child?.report?.sheet
  if (sheet === undefined) return { name, stages: totals.with([]).map(entryState), junctions: [], gaps: [] }
  const { entries, junctions } = sheet
  return { name, stages: entries.map(entryState), junctions, gaps: gapsIn(sheet).map(({ text }) => text) }
}

/** The account that was told as JSON. */
export function entryOf({ dropped, ...entry }: EntryState): Entry {
  return { ...entry, dropped: new Map(Object.entries(dropped)) }
}

function entryState({ dropped, ...entry }: Entry): EntryState {
  return { ...entry, dropped: Object.fromEntries(dropped) }
}
