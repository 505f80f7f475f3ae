// The accounts of a pipe's stages, and how long they worked, over all processes that it had.

import type { Entry } from '../ledger/ledger.js'
import type { Report } from './protocol.js'

export class Totals {
  /** Of processes that have ended. */
  #past = new Map<string, Entry>()
  #busy = new Map<string, number>()

  /**
   * A process has ended; this is what it told last. What it held then counts as dropped: what of it is on the disk the
   * next one makes anew.
   */
  add({ sheet, busy }: Report): void {
    this.#busy = this.busy(busy)
    for (const entry of sheet.entries) {
      const dropped = new Map(entry.dropped)
      if (entry.pending > 0) dropped.set('process_ended', (dropped.get('process_ended') ?? 0) + entry.pending)
      this.#past.set(entry.stage, sum(this.#past.get(entry.stage), { ...entry, dropped, pending: 0 }))
    }
  }

  /** Seconds of work by stage, with those of the process of the moment. */
  busy(now: Report['busy']): Map<string, number> {
    const all = new Map(this.#busy)
    for (const [stage, seconds] of now) all.set(stage, (all.get(stage) ?? 0) + seconds)
    return all
  }

  /** With the process of the moment. */
  with(entries: readonly Entry[]): Entry[] {
    const names = new Set([...this.#past.keys(), ...entries.map(({ stage }) => stage)])
    return [...names].map((name) => {
      const now = entries.find(({ stage }) => stage === name)
      const past = this.#past.get(name)
      return now === undefined ? past! : sum(past, now)
    })
  }
}

function sum(a: Entry | undefined, b: Entry): Entry {
  if (a === undefined) return b
  const dropped = new Map(a.dropped)
  for (const [reason, count] of b.dropped) dropped.set(reason, (dropped.get(reason) ?? 0) + count)
  return {
    stage: b.stage,
    in: a.in + b.in,
    made: a.made + b.made,
    out: a.out + b.out,
    dropped,
    pending: a.pending + b.pending,
    in_bytes: a.in_bytes + b.in_bytes,
    out_bytes: a.out_bytes + b.out_bytes,
  }
}
