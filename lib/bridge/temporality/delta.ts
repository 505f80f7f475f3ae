// Cumulative points taken apart: each point says what came since the one before it.

import { subtract } from './measured.js'
import {
  type Keep, type SeriesState, type TemporalityContext, type TemporalitySettings, TemporalityStage,
} from './stage.js'

export interface DeltaSettings extends TemporalitySettings {
  /** What becomes of the first point of a series: `auto` keeps it where it says that it began after the command. */
  initial_value: 'auto' | 'keep' | 'drop'
}

export class DeltaTransform extends TemporalityStage {
  readonly #began: bigint

  constructor(
    private readonly settings: DeltaSettings,
    context: TemporalityContext,
    keep: Keep | null,
  ) {
    super('cumulative', 'delta', settings, context, keep)
    this.#began = BigInt(context.clock.now())
  }

  /** What goes up and down has no beginning that its deltas could be counted from. */
  protected override takesSum(monotonic: boolean): boolean {
    return monotonic
  }

  protected override next(before: SeriesState | undefined, now: SeriesState): SeriesState | string {
    if (before === undefined) return this.#isKept(now) ? now : 'initial'
    const measured = beganAnew(before, now) ? 'reset' : subtract(now.measured, before.measured)
    if (measured === 'mismatch') return 'bucket_mismatch'
    // It began anew: all of it came since then.
    if (measured === 'reset') return { ...now, start: BigInt(now.start) > BigInt(before.ts) ? now.start : before.ts }
    return { ...now, start: before.ts, measured }
  }

  protected override remembered(_: SeriesState, now: SeriesState): SeriesState {
    return now
  }

  #isKept({ start, ts }: SeriesState): boolean {
    const { initial_value } = this.settings
    return initial_value === 'keep' || (initial_value === 'auto' && start !== ts && BigInt(start) >= this.#began)
  }
}

/** A start after the point before it is another one. */
function beganAnew(before: SeriesState, now: SeriesState): boolean {
  return BigInt(now.start) >= BigInt(before.ts) && now.start !== before.start
}
