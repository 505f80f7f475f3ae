// The player of a recording: each record when its turn has come, by its time and the speed.

import type { SourceContext } from '../component.js'
import { type Batch, RecordBatch } from '../record/batch.js'
import type { Json } from '../record/json.js'
import type { Payload } from '../record/record.js'

/** Longer waits are divided: timers end at 2^31 ms. */
const LONGEST_WAIT = 1_000_000_000

export interface PlayerOptions {
  /** Records with `from` <= ts < `to` are played, and all that have no time. Unix nanoseconds; null: any. */
  from: bigint | null
  to: bigint | null
  /** Seconds of the recording that pass in a second; Infinity: no waiting. */
  speed: number
  /** Shifts all times so that the first one is now. */
  rebase: boolean
}

export class Player {
  /** Time of the first record, and when it was played. */
  #first: bigint | null = null
  #began = 0
  #shift = 0n

  constructor(
    private readonly options: PlayerOptions,
    private readonly context: Pick<SourceContext, 'account' | 'clock' | 'signal' | 'emit'>,
  ) {}

  /** Resolves when all of it was played, or the process was asked to stop. */
  async play(batch: Batch): Promise<void> {
    const { clock, signal } = this.context
    const rows: number[] = []
    let lastText = ''
    for (let row = 0; row < batch.length && !signal.aborted; row++) {
      const unread = batch.id(row) === undefined
      const text = unread ? undefined : batch.ts(row)
      // A line that is passed on unread has no time that could be shifted.
      if (unread) {
        await this.#pass(batch, rows.splice(0))
        await this.context.emit(batch.select([undefined], Int32Array.of(row), null))
        continue
      }
      if (text !== undefined) {
        const ts = BigInt(text)
        if (!this.#within(ts)) continue
        const wait = text === lastText ? 0 : this.#due(ts) - clock.monotonic()
        lastText = text
        if (wait > 0) {
          await this.#pass(batch, rows.splice(0))
          await this.#sleep(wait)
          if (signal.aborted) return
        }
      }
      rows.push(row)
    }
    await this.#pass(batch, rows)
  }

  #within(ts: bigint): boolean {
    const { from, to } = this.options
    if ((from === null || ts >= from) && (to === null || ts < to)) return true
    this.context.account.made++
    this.context.account.drop('out_of_range', 1)
    return false
  }

  /** When a record is due, by the monotonic clock. */
  #due(ts: bigint): number {
    const { clock } = this.context
    if (this.#first === null) {
      this.#first = ts
      this.#began = clock.monotonic()
      this.#shift = this.options.rebase ? BigInt(clock.now()) - ts : 0n
    }
    return this.options.speed === Infinity ? 0 : this.#began + Number(ts - this.#first) / 1e6 / this.options.speed
  }

  async #sleep(wait: number): Promise<void> {
    const { clock, signal } = this.context
    const until = clock.monotonic() + wait
    for (let rest = wait; rest > 0 && !signal.aborted; rest = until - clock.monotonic()) {
      await clock.sleep(Math.min(rest, LONGEST_WAIT), signal)
    }
  }

  async #pass(batch: Batch, rows: readonly number[]): Promise<void> {
    if (rows.length === 0) return
    const ids = rows.map((row) => batch.id(row))
    const selected = rows.length === batch.length ? batch : batch.select(ids, Int32Array.from(rows), null)
    if (this.#shift === 0n) return this.context.emit(selected)
    const payloads = rows.map((row) => shifted(batch.payload(row), this.#shift))
    return this.context.emit(new RecordBatch(ids, payloads))
  }
}

const TIMES = ['ts', 'start', 'end', 'observed'] as const

/** The payload with all of its times `by` nanoseconds later. A time of 0 means that it is unknown. */
export function shifted(payload: Payload, by: bigint): Payload {
  const later: Payload = { ...payload }
  for (const key of TIMES) {
    const time = payload[key]
    if (typeof time === 'string' && (time !== '0' || key === 'ts')) later[key] = String(BigInt(time) + by)
  }
  for (const key of ['exemplars', 'events'] as const) {
    const list = payload[key]
    if (Array.isArray(list)) later[key] = list.map((item: Json) => laterItem(item, by))
  }
  return later
}

function laterItem(item: Json, by: bigint): Json {
  if (item === null || typeof item !== 'object' || Array.isArray(item)) return item
  const { ts } = item as { readonly ts?: Json }
  return typeof ts === 'string' && /^-?\d+$/.test(ts) ? { ...item, ts: String(BigInt(ts) + by) } : item
}
