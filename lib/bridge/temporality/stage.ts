// What the stages that turn one temporality into the other have in common: series with a state. No point is held back.

import { AtOnce } from '../../at_once.js'
import type { Account, Clock, Pass, Reject } from '../../component.js'
import type { Identity } from '../../record/identity.js'
import type { Payload, Record } from '../../record/record.js'
import { measuredFields, type Measured, measuredOf } from './measured.js'
import { SeriesMemory } from './series.js'

export interface TemporalityContext {
  readonly account: Account
  readonly clock: Pick<Clock, 'monotonic' | 'now'>
  reject(reject: Reject): void
}

export interface TemporalitySettings {
  max_series: number
  /** Milliseconds; 0: for ever. */
  max_stale: number
}

/** Keeps records until the next start of the command. */
export interface Keep {
  save(records: Iterable<Record>): boolean
}

/** What is known of a series: the point that counts up to `ts`. */
export interface SeriesState {
  /** '0': it is not known. */
  start: string
  ts: string
  measured: Measured
}

/** A point that cannot go on: the word under which it is counted, and a sentence. */
export class Refused extends Error {
  constructor(
    readonly reason: string,
    detail: string,
  ) {
    super(detail)
  }
}

export abstract class TemporalityStage extends AtOnce {
  protected readonly series: SeriesMemory<SeriesState & { readonly id: Identity }>

  constructor(
    private readonly from: string,
    to: string,
    settings: TemporalitySettings,
    protected readonly context: TemporalityContext,
    private readonly keep: Keep | null,
  ) {
    super()
    const { max_series: max, max_stale: staleAfter } = settings
    this.series = new SeriesMemory({ max, staleAfter, monotonic: () => context.clock.monotonic() }, to)
  }

  override take(record: Record, _: number, pass: Pass): void {
    const { identity, payload } = record
    if (!this.#isOurs(identity)) return pass(record)
    const { key, out } = this.series.of(identity)
    if (payload.stale === true || (typeof payload.flags === 'number' && (payload.flags & 1) !== 0)) {
      this.series.forget(key)
      return pass({ identity: out, payload })
    }
    try {
      const measured = measuredOf(payload)
      if (measured === null) return pass(record)
      const ts = payload.ts ?? '0'
      const now = { start: typeof payload.start === 'string' ? payload.start : '0', ts, measured, id: out }
      const before = this.series.get(key)
      if (before !== undefined && BigInt(ts) <= BigInt(before.ts))
        throw new Refused('out_of_order', 'it is not newer than the point before it')
      const point = this.next(before, now)
      const after = typeof point === 'string' ? now : this.remembered(point, now)
      if (!this.series.set(key, { ...after, id: out }))
        throw new Refused('max_series', 'there are too many series (--max-series)')
      if (typeof point === 'string') return this.context.account.drop(point, 1)
      const fields = { ...startField(point.start), ...measuredFields(point.measured) }
      pass({ identity: out, payload: { ...payload, value: undefined, int: undefined, ...fields } })
    } catch (error) {
      const reason = error instanceof Refused ? error.reason : 'bad_field'
      this.context.reject({ reason, detail: `${identity.name}: ${(error as Error).message}`, original: record })
    }
  }

  override flush(): void {
    this.keep?.save(this.state())
  }

  /** Takes back what a run before kept. */
  restore({ identity, payload }: Record): void {
    const measured = measuredOf(payload)
    const { key, out } = this.series.of(identity)
    const start = typeof payload.start === 'string' ? payload.start : '0'
    if (measured !== null) this.series.set(key, { start, ts: payload.ts ?? '0', measured, id: out })
  }

  *state(): Generator<Record> {
    for (const [, { id, ts, start, measured }] of this.series.entries())
      yield { identity: id, payload: { ts, ...startField(start), ...measuredFields(measured) } }
  }

  #isOurs({ type, kind, rest }: Identity): boolean {
    if (type !== 'metric' || rest.temporality !== this.from) return false
    return kind === 'histogram' || this.takesSum(rest.monotonic === true)
  }

  /** Whether it takes sums, beside histograms. */
  protected abstract takesSum(monotonic: boolean): boolean

  /** The point that goes on, or the word under which it is dropped. Throws Refused. */
  protected abstract next(before: SeriesState | undefined, now: SeriesState): SeriesState | string

  /** What is remembered of the series when a point has gone on. */
  protected abstract remembered(point: SeriesState, now: SeriesState): SeriesState
}

function startField(start: string): Payload {
  return { start: start === '0' ? undefined : start }
}
