// A reader of a spool: entries in order, each until it is done with; what was done with is remembered on disk.

import { rm, writeFile } from 'node:fs/promises'
import type { Clock, Log } from '../component.js'
import type { Entry, EntryHead } from './frame.js'
import type { Offset } from './offset.js'
import { SavedOffset } from './saved_offset.js'
import { type Damage, SegmentReader } from './segment.js'
import { type Loss, type LossReason, type Store, TOO_OLD } from './store.js'
import type { Segment } from './writer.js'

export class SpoolReader {
  /** Records that are not done with, ... */
  records = 0
  /** ... and those among them that an earlier process left. */
  earlier = 0
  /** Told of what this reader will never hand out. */
  lost: (loss: Loss) => void = () => {}
  #next: number
  /** Handed out, not done, with their records; in order, since they are added in order. */
  readonly #open: Map<number, number>
  /** Of these, what an earlier process had in hand and is read again. */
  readonly #again: Set<number>
  /** Entries below were given up. */
  #floor = 0
  #file: SegmentReader | null = null
  #segment: Segment | null = null
  /** The entry before in this file, and damage behind it. */
  #before = 0
  #damage: string | null = null
  readonly #saved: SavedOffset

  constructor(
    private readonly store: Store,
    private readonly path: string,
    offset: Offset,
    sync: boolean,
    clock: Clock,
    private readonly log: Log,
  ) {
    const now = () => ({ next: this.#next, open: [...this.#open.keys()] })
    this.#saved = new SavedOffset(path, now, sync, store.stop, clock, log)
    this.#next = offset.next
    this.#open = new Map(offset.open.map((seq) => [seq, 0]))
    this.#again = new Set(offset.open)
  }

  /** Entries below are done with. */
  get low(): number {
    const [low = this.#next] = this.#open.keys()
    return low
  }

  /** Entries below were handed out, or are lost. */
  get position(): number {
    return this.#next
  }

  /** Whether an entry is still to be handed out. */
  waits(seq: number): boolean {
    return seq >= this.#floor && (seq >= this.#next || this.#again.has(seq))
  }

  /** The next entry; null when the spool is closing. Throws what broke the spool. */
  async next(): Promise<Entry | null> {
    while (!this.store.stop.aborted) {
      const { version } = this.store
      const entry = this.#recent() ?? (await this.#read())
      if (entry === null) await this.store.changed(version)
      // What was given up while it was read has been counted.
      else if (this.waits(entry.seq)) return this.#hand(entry)
    }
    return null
  }

  /** The entry is dealt with. It is not read again once `commit` has resolved. */
  done(entry: EntryHead): void {
    if (this.#open.delete(entry.seq)) this.#forgo(entry)
    this.#changed()
  }

  /** What is done is on disk when the promise resolves. */
  commit(): Promise<void> {
    return this.#saved.write()
  }

  /** What waits below is given up: see `gaveUp`. What was handed out stays in hand. Returns what waited until now. */
  skipTo(seq: number): (seq: number) => boolean {
    const [floor, next, again] = [this.#floor, this.#next, new Set(this.#again)]
    this.#floor = Math.max(floor, seq)
    for (const one of again) if (one < seq) this.#forget(one)
    this.#next = Math.max(next, seq)
    return (one) => one >= floor && (one >= next || again.has(one))
  }

  gaveUp(loss: Loss): void {
    this.#forgo(loss)
    this.#changed()
    if (loss.records > 0) this.lost(loss)
  }

  async close(): Promise<void> {
    await this.#saved.settled()
    this.#loseGivenUp()
    await this.commit().catch((error: unknown) => {
      this.log.warn(`${this.path}: ${(error as Error).message}: some entries will be read twice`)
    })
    await this.#closeFile()
  }

  #hand(entry: Entry): Entry {
    // What an earlier process had in hand stands before: what was not found by now is not there.
    if (!this.#again.delete(entry.seq)) this.#forgetAgain()
    this.#open.set(entry.seq, entry.records)
    this.#next = Math.max(this.#next, entry.seq + 1)
    this.store.handed()
    return entry
  }

  /** What is in hand, and given up on disk meanwhile, nobody will get. */
  #loseGivenUp(): void {
    for (const [seq, records] of this.#open) {
      if (seq >= this.#floor) continue
      this.#open.delete(seq)
      this.#forgo({ seq, records })
      this.lost({ reason: 'spool_full', records, seq, words: 'given up while it was under way' })
    }
  }

  /** Nobody waits for these records any more. */
  #forgo({ seq, records }: { seq: number; records: number }): void {
    this.records -= records
    if (seq < this.store.first) this.earlier -= records
  }

  /** When all entries are done with, what is still counted stood in those whose heads were damaged meanwhile. */
  #settle(): void {
    if (this.records <= 0 || this.low < this.store.end) return
    const { earlier, records, store } = this
    const reason = 'spool_corrupt'
    const words = 'in entries whose heads were damaged while they waited'
    for (const [seq, count] of [[store.first - 1, earlier], [store.first, records - earlier]]) {
      if (count <= 0) continue
      this.#forgo({ seq, records: count })
      this.lost({ reason, records: count, seq, words: `${this.path}: ${words}` })
    }
  }

  #forget(seq: number): void {
    this.#again.delete(seq)
    this.#open.delete(seq)
  }

  #forgetAgain(): void {
    for (const seq of this.#again) this.#forget(seq)
  }

  #recent(): Entry | null {
    return this.#again.size > 0 ? null : (this.store.recent(this.#next) ?? null)
  }

  /** The next entry from the files; null where there is no further one. */
  async #read(): Promise<Entry | null> {
    while (await this.#seek()) {
      const segment = this.#segment!
      // As it is now: more may be written while this is read.
      const [end, last] = [this.#endOf(segment), this.#last(segment)]
      const found = await this.#file!.next(segment.size)
      if (found === null) {
        this.#gap(end)
        if (last) {
          this.#forgetAgain()
          return null
        }
        await this.#closeFile()
      } else if (found.kind === 'entry') {
        this.#gap(found.head.seq)
        this.#before = found.head.seq
        if (!this.waits(found.head.seq)) continue
        if (found.head.time >= this.store.oldest) return { ...found.head, body: found.body }
        this.#lose(found.head, 'spool_age', TOO_OLD)
      } else await this.#damaged(found)
    }
    return null
  }

  /** Opens the file that has what is next, if it is not open; false where there is nothing to read. */
  async #seek(): Promise<boolean> {
    const { segments, written } = this.store
    const [wanted = this.#next] = this.#again
    if (wanted > written) {
      // The files are not needed while entries come from memory; a deleted one would keep its room on the disk.
      await this.#closeFile()
      this.#segment = null
      return false
    }
    let best: Segment | undefined = segments[0]
    for (const segment of segments) if (segment.first <= wanted) best = segment
    const behind = this.#segment?.first ?? 0
    // A file that was read to its end is not begun again.
    if (best === undefined || best.first <= behind) {
      if (this.#file !== null) return true
      best = segments.find(({ first }) => first > behind)
    }
    if (best === undefined) {
      // No file has it.
      this.#before = wanted - 1
      this.#gap(written + 1)
      return false
    }
    await this.#closeFile()
    this.#segment = best
    this.#before = Math.min(best.first, wanted) - 1
    this.#file = await openSegment(best.path, ({ seq }) => this.waits(seq))
    if (this.#file !== null) return true
    this.#gap(this.#endOf(best))
    return this.#seek()
  }

  #last(segment: Segment): boolean {
    const { segments } = this.store
    return segments[segments.length - 1] === segment
  }

  /** The first entry behind a file. */
  #endOf(segment: Segment): number {
    const { segments, written } = this.store
    return segments.find(({ first }) => first > segment.first)?.first ?? written + 1
  }

  async #closeFile(): Promise<void> {
    const file = this.#file
    this.#file = null
    await file?.close()
  }

  async #damaged(damage: Damage): Promise<void> {
    const { kind, from, to, head } = damage
    const name = `${this.#segment!.path}.${from}.corrupt`
    const kept = await setAside(this.#file!, damage, name)
    const words = `${to - from} bytes from ${from} on are ${kind}${kept ? `, set aside in ${name}` : ''}`
    if (head === null) this.#damage = words
    else {
      this.#before = Math.max(this.#before, head.seq)
      if (this.waits(head.seq)) this.#lose(head, kind === 'torn' ? 'spool_torn' : 'spool_corrupt', words)
    }
  }

  /** Tells of entries that nobody can read: those between the one before and the one that stands here. */
  #gap(seq: number): void {
    const words = this.#damage
    this.#damage = null
    for (let missing = this.#before + 1; missing < seq; missing++) {
      if (!this.waits(missing)) continue
      for (const again of this.#again) if (again > this.#before && again < seq) this.#forget(again)
      this.#next = Math.max(this.#next, seq)
      const span = missing === seq - 1 ? `entry ${missing} is` : `entries ${missing} to ${seq - 1} are`
      return this.#lose({ seq: missing, records: 0 }, 'spool_corrupt', words ?? `${span} missing`)
    }
  }

  #lose({ seq, records }: { seq: number; records: number }, reason: LossReason, words: string): void {
    this.#forget(seq)
    this.#forgo({ seq, records })
    this.#next = Math.max(this.#next, seq + 1)
    this.lost({ reason, records, seq, words: `${this.#segment?.path ?? this.path}: ${words}` })
    this.#changed()
  }

  #changed(): void {
    this.#settle()
    this.store.release()
    this.#saved.changed()
  }
}

/** null if the file is gone: somebody removed it. */
function openSegment(path: string, wants: (head: EntryHead) => boolean): Promise<SegmentReader | null> {
  return SegmentReader.open(path, wants).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null
    throw error
  })
}

/** Keeps damaged bytes in a file of their own; false where that is not possible. */
async function setAside(file: SegmentReader, damage: Damage, path: string): Promise<boolean> {
  const bytes = await file.read(damage.from, damage.to)
  try {
    await writeFile(path, bytes)
    return true
  } catch {
    await rm(path, { force: true })
    return false
  }
}
