// The account of a stage: every record that came in or was made went out, was dropped for a reason, or is pending.

import type { Account } from '../component.js'
import type { Entry } from '../ledger/ledger.js'

export class StageAccount implements Account {
  in = 0
  made = 0
  out = 0
  in_bytes = 0
  out_bytes = 0
  readonly dropped = new Map<string, number>()

  drop(reason: string, count: number): void {
    this.dropped.set(reason, (this.dropped.get(reason) ?? 0) + count)
  }

  get pending(): number {
    let dropped = 0
    for (const count of this.dropped.values()) dropped += count
    return this.in + this.made - this.out - dropped
  }

  /** As it is now. */
  entry(stage: string): Entry {
    const { made, out, pending, in_bytes, out_bytes } = this
    return { stage, in: this.in, made, out, dropped: new Map(this.dropped), pending, in_bytes, out_bytes }
  }

  /** One line of JSON, without newline. */
  line(stage: string): string {
    const entry = this.entry(stage)
    return JSON.stringify({ ...entry, dropped: Object.fromEntries(entry.dropped) })
  }
}
