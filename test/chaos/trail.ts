// Numbered records on their way through a pipe: what was fed, what arrived, and what must not be missing.

import type { Received } from '../support/remote_write.js'
import type { SpoolEntry } from '../support/spool_files.js'

const SERIES = 13
const START_MS = 1763804400000
/** One series is dropped on the way. */
const DROPPED = 5
/** Lines of 256 bytes: a source puts a checkpoint behind a thousand or so. */
const PAD = 'x'.repeat(130)

/** The stage that numbered records go through. */
export const RELABEL = `solder relabel --drop i=${DROPPED} --set site=eu --ledger`

/** Numbered records, and those of them that arrived at one receiver. */
export class Trail {
  /** Numbers fed so far are below. */
  end = 0
  /** Arrivals of a number that had arrived before. */
  again = 0
  /** What no receiver should ever see. */
  readonly faults: string[] = []
  readonly #arrived = new Set<number>()
  /** The newest number of each series, by their first arrivals. */
  readonly #newest: number[] = Array.from({ length: SERIES }, () => -1)

  /** @param givesUp what is given up may be read again after a kill, and then come behind what was newer */
  constructor(private readonly givesUp = false) {}

  /** The next lines. */
  feed(count: number): string {
    let text = ''
    for (const to = this.end + count; this.end < to; this.end++) {
      const ts = `${START_MS + this.end}000000`
      const labels = `{"i":"${this.end % SERIES}","pad":"${PAD}"}`
      text += `{"type":"metric","name":"n","labels":${labels},"ts":"${ts}","value":${this.end}}\n`
    }
    return text
  }

  /** Samples are at the receiver. */
  arrive(samples: readonly Received[]): void {
    for (const sample of samples) {
      const { labels, value, ms } = sample
      const series = value % SERIES
      const right = labels.__name__ === 'n' && labels.i === String(series) && labels.site === 'eu' && labels.pad === PAD
      if (!right || ms !== START_MS + value || series === DROPPED) this.faults.push(JSON.stringify(sample))
      if (this.#arrived.has(value)) this.again++
      else if (value < this.#newest[series] && !this.givesUp) {
        this.faults.push(`${value} came first after ${this.#newest[series]}`)
      }
      this.#arrived.add(value)
      this.#newest[series] = Math.max(this.#newest[series], value)
    }
  }

  /** Numbers below `end` that are neither at the receiver nor in the entries that wait. */
  missing(end: number, entries: readonly SpoolEntry[] = []): number[] {
    const held = new Set(entries.filter(({ waits }) => waits).flatMap(({ samples }) => samples ?? []).map(({ value }) => value))
    return this.#kept(end).filter((n) => !this.#arrived.has(n) && !held.has(n))
  }

  /** Samples of entries that are done with, as their spool says, and never arrived. */
  unsent(entries: readonly SpoolEntry[]): number[] {
    const done = entries.filter(({ waits }) => !waits).flatMap(({ samples }) => samples ?? [])
    return done.map(({ value }) => value).filter((n) => !this.#arrived.has(n))
  }

  /** Different numbers that arrived. */
  get arrived(): number {
    return this.#arrived.size
  }

  /** Numbers that are to arrive in the end. */
  get kept(): number {
    return this.#kept(this.end).length
  }

  #kept(end: number): number[] {
    return Array.from({ length: end }, (_, n) => n).filter((n) => n % SERIES !== DROPPED)
  }
}
