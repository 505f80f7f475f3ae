// What a sink has ready for a layout: the blocks of each lane, and the rows that need a look each time.

import type { Identity } from '../record/identity.js'
import type { Layout } from '../record/layout.js'
import { BlockBuilder, endsOf, type SeriesBlock } from '../wire/remote_write/block.js'
import { type Series, TAIL_BYTES } from '../wire/remote_write/series.js'
import { MOST_BYTES } from '../wire/remote_write/squeeze.js'
import type { Snappy } from '../wire/snappy.js'
import type { BatchLimits } from './batches.js'

export interface Prepared {
  /** By lane. */
  readonly blocks: readonly SeriesBlock[]
  /** Rows that are in no block, but not dropped. */
  readonly others: Int32Array
  /** Rows that rules drop. */
  readonly dropped: number
}

/** null: dropped by a rule; a string: what is wrong with it. */
export type Answer<S> = S | null | string

/** Prepares layouts, with what is ready for the one before. */
export class Preparer {
  constructor(
    private readonly slot: number,
    private readonly lanes: number,
    private readonly limits: Pick<BatchLimits, 'records' | 'bytes'>,
    private readonly snappy: Snappy,
    private readonly answer: (id: Identity) => Answer<Series>,
  ) {}

  of(layout: Layout): Prepared {
    const known = layout.memo?.[this.slot] as Prepared | undefined
    return known ?? ((layout.memo ??= [])[this.slot] = this.#prepare(layout))
  }

  #prepare(layout: Layout): Prepared {
    const before = layout.before<Prepared>(this.slot)
    const places = before === null ? null : this.#places(before.answer)
    const messages = (before?.answer.blocks ?? []).map((block) => messagesOf(block, this.snappy))
    const { records, bytes } = this.limits
    const builders = Array.from({ length: this.lanes }, () => new BlockBuilder(records, bytes))
    const others: number[] = []
    let dropped = 0
    for (const [row, id] of layout.ids.entries()) {
      const place = places?.[before!.rows[row]] ?? -1
      if (place >= 0) {
        const lane = place % this.lanes
        const index = Math.floor(place / this.lanes)
        const { bytes, ends } = messages[lane]
        builders[lane].add(bytes, row, index === 0 ? 0 : ends[index - 1], ends[index] - TAIL_BYTES)
        continue
      }
      const answer = id.type === 'metric' ? this.answer(id) : ''
      if (answer === null) dropped++
      else if (typeof answer === 'string' || answer.head.length + TAIL_BYTES > MOST_BYTES) others.push(row)
      else builders[answer.hash % this.lanes].add(answer.head, row)
      id.release()
    }
    return { blocks: builders.map((builder) => builder.finish()), others: Int32Array.from(others), dropped }
  }

  /** Where the samples of rows are: index and lane in one number, -1 for rows in no block. */
  #places({ blocks }: Prepared): Int32Array {
    let rows = 0
    for (const block of blocks) rows = Math.max(rows, (block.rows.at(-1) ?? -1) + 1)
    const places = new Int32Array(rows).fill(-1)
    for (const [lane, { rows }] of blocks.entries()) {
      for (let index = 0; index < rows.length; index++) places[rows[index]] = index * this.lanes + lane
    }
    return places
  }
}

function messagesOf(block: SeriesBlock, snappy: Snappy): { bytes: Buffer; ends: Uint32Array } {
  if (block.length === 0) return { bytes: Buffer.alloc(0), ends: new Uint32Array(0) }
  const bytes = block.unpacked(snappy)
  return { bytes, ends: endsOf(bytes) }
}
