// What a reader knows of its spool, and tells of what it cannot hand out.

import type { Entry } from './frame.js'
import type { Segment } from './writer.js'

/** Why entries were given up: the spool's bounds, or damage. */
export type LossReason = 'spool_full' | 'spool_age' | 'spool_corrupt' | 'spool_torn'

/** What a reader needs of its spool. */
export interface Store {
  /** Oldest first. */
  readonly segments: readonly Segment[]
  /** The newest entry that is on disk. */
  readonly written: number
  /** Entries below were there when the spool was opened. */
  readonly first: number
  /** The number that the next entry will have. */
  readonly end: number
  /** An entry that is still in memory. */
  recent(seq: number): Entry | undefined
  /** A reader has come further. An entry that all of them have is theirs alone. */
  handed(): void
  /** Entries made before this moment (Unix milliseconds) are too old. */
  readonly oldest: number
  /** Changes with every change. */
  readonly version: number
  /** Resolves when the version is another one, or `stop` aborts. Throws what broke the spool. */
  changed(version: number): Promise<void>
  readonly stop: AbortSignal
  /** Segments that no reader needs may go. */
  release(): void
}

export interface Loss {
  reason: LossReason
  /** As far as they are known: a damaged head does not tell. */
  records: number
  /** The first of them. */
  seq: number
  words: string
}

export const TOO_OLD = 'older than --spool-age'
