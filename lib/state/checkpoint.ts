// Checkpoints: a source's positions on their way through the stream.

import type { Batch } from '../record/batch.js'
import { Identity } from '../record/identity.js'
import type { Json } from '../record/json.js'
import { LineBatch } from '../record/line_batch.js'

export interface Checkpoint {
  /** Whose position it is, e.g. `receive.ndjson/var/log/app.ndjson`. */
  readonly source: string
  /** What the source needs to go on behind the records before the checkpoint. */
  readonly position: Json
}

/** What stands before the position in a checkpoint's line. */
export function checkpointIdentity(source: string): Identity {
  return Identity.of('checkpoint', '', undefined, { source })
}

/** The batch without its checkpoints, which `take` is given in their order. */
export function withoutCheckpoints(batch: Batch, take: (checkpoint: Checkpoint) => void): Batch {
  // A layout has samples alone.
  if (batch.layout !== null || (batch instanceof LineBatch && batch.allPlain)) return batch
  const n = batch.length
  let row = 0
  while (row < n && batch.id(row)?.type !== 'checkpoint') row++
  if (row === n) return batch
  const ids: (Identity | undefined)[] = []
  const rows = new Int32Array(n)
  for (row = 0; row < n; row++) {
    const id = batch.id(row)
    if (id?.type === 'checkpoint') {
      take({ source: String(id.rest.source), position: batch.payload(row).position ?? null })
    } else {
      rows[ids.length] = row
      ids.push(id)
    }
  }
  return batch.select(ids, rows.slice(0, ids.length), null)
}
