// limit: lets so many entries a second pass; the others wait, or are dropped.

import { Problem } from '../../diag/problem.js'
import { hasLabel, getLabel } from '../../record/labels.js'
import { Bucket, Buckets } from '../bucket.js'
import { defineStage } from '../definition.js'
import type { LogEntry } from '../entry.js'
import type { HoldingStage, Next, Stage, StageContext } from '../stage.js'

const REASON = 'ratelimit_drop_stage'

export default defineStage({
  name: 'limit',
  options: {
    rate: { type: 'float', help: 'entries a second', since: '0.1.0', value: 'ENTRIES', required: true },
    burst: { type: 'int', help: 'entries that may pass at once', since: '0.1.0', value: 'ENTRIES', required: true },
    drop: { type: 'bool', help: 'drop what is too much, instead of waiting', since: '0.1.0' },
    by_label_name: {
      type: 'string', since: '0.1.0', value: 'LABEL',
      help: 'count for each value of this label; entries without it pass',
    },
    max_distinct_labels: {
      type: 'int', default: 10_000, min: 1, since: '0.1.0',
      help: 'values counted; those unseen for longest are forgotten',
    },
  },
  prepare({ rate = 0, burst = 0, drop, by_label_name = '', max_distinct_labels }) {
    if (rate <= 0 || burst <= 0) {
      throw new Problem('limit stage failed to parse rate or burst', { expected: 'numbers above 0' })
    }
    if (by_label_name !== '' && !drop) throw new Problem('When ratelimiting by label, drop must be true')
    return (context): Stage => {
      const { clock } = context
      const make = () => new Bucket(rate, burst, clock.monotonic())
      if (by_label_name !== '') {
        const buckets = new Buckets(make, max_distinct_labels)
        return {
          process({ identity: { labels } }) {
            if (!hasLabel(labels, by_label_name)) return undefined
            return buckets.of(getLabel(labels, by_label_name)).take(clock.monotonic()) ? undefined : REASON
          },
        }
      }
      const bucket = make()
      if (drop) return { process: () => (bucket.take(clock.monotonic()) ? undefined : REASON) }
      return new Waiting(bucket, context)
    }
  },
})

/** Holds what is too much; it is full as long as it holds something, so that nothing more is read. */
class Waiting implements HoldingStage {
  readonly #queue: LogEntry[] = []

  constructor(
    private readonly bucket: Bucket,
    private readonly context: StageContext,
  ) {}

  take(entry: LogEntry, next: Next): void {
    if (this.#queue.length === 0 && this.bucket.take(this.context.clock.monotonic())) next(entry)
    else this.#queue.push(entry)
  }

  held(): number {
    return this.#queue.reduce((oldest, { order }) => Math.min(oldest, order), Infinity)
  }

  due(): number {
    return this.#queue.length === 0 ? Infinity : this.bucket.due(this.context.clock.monotonic())
  }

  tick(now: number, next: Next): void {
    let taken = 0
    while (taken < this.#queue.length && this.bucket.take(now)) next(this.#queue[taken++])
    this.#queue.splice(0, taken)
  }

  flush(next: Next): void {
    for (const entry of this.#queue.splice(0)) next(entry)
  }

  full(): boolean {
    return this.#queue.length > 0
  }
}
