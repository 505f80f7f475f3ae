// The positions of all files of one stage, in a few checkpoints: each holds those of the files that fall to it. Ten
// thousand files cost a sink at most as many commits as there are checkpoints, and one busy file one small
// checkpoint.

import type { Clock, Log } from '../component.js'
import { RecordBatch } from '../record/batch.js'
import type { Identity } from '../record/identity.js'
import type { Json } from '../record/json.js'
import { checkpointIdentity } from '../state/checkpoint.js'
import type { State } from '../state/state.js'
import type { Mark } from './place.js'

const CHECKPOINTS = 64
/** Checkpoints wait for this many bytes, and for as many times their own length, or for this many milliseconds. */
const BYTES = 1 << 20
const TIMES = 16
const WAIT_MS = 500
/** About as much a position takes, bytes. */
const POSITION_BYTES = 300
/** How long a file that is gone is remembered, milliseconds: it may come back under another name, packed. */
const FORGET_MS = 3_600_000

/** What is kept of a file. */
export interface Position extends Mark {
  readonly device: string
  readonly inode: string
  /** Where it was found first, which its lines are labelled with, and where it was last. */
  readonly name: string
  readonly path: string
  /** Length of a packed file that was read to its end. */
  readonly packed?: number
  /** It stands within a line that was cut. */
  readonly cut?: true
  /** The line before it was one of a block, which those behind it go on with. */
  readonly joined?: true
  /** Since when it is not there, Unix milliseconds. */
  readonly gone?: number
}

/** A file's place among the checkpoints. */
export interface Slot {
  readonly bucket: number
  position: Position | null
}

export class Positions {
  readonly #buckets: { id: Identity; slots: Set<Slot>; changed: boolean }[]
  #bytes = 0
  #enough = BYTES
  #last = -Infinity
  #changed = false

  private constructor(name: string, private readonly clock: Pick<Clock, 'millis' | 'monotonic'>) {
    this.#buckets = Array.from({ length: CHECKPOINTS }, (_, i) => {
      const id = checkpointIdentity(sourceOf(name, i))
      return { id, slots: new Set(), changed: false }
    })
  }

  /** @param state null: there are none. Throws a Problem */
  static async load(state: State | null, name: string, clock: Clock, log: Log): Promise<Positions> {
    const positions = new Positions(name, clock)
    for (let bucket = 0; state !== null && bucket < CHECKPOINTS; bucket++) {
      const kept = await state.read(sourceOf(name, bucket), log)
      if (kept === null) continue
      const { files } = kept as { readonly files?: Json }
      for (const position of Array.isArray(files) ? (files as Json[]) : []) {
        if (isPosition(position)) positions.#buckets[bucket].slots.add({ bucket, position })
        else log.warn(`--state: not a position of a file: ${JSON.stringify(position)}`)
      }
    }
    return positions
  }

  *slots(): Generator<Slot> {
    for (const { slots } of this.#buckets) yield* slots
  }

  /** A place for a file; without a position nothing is kept. */
  slot(inode: string): Slot {
    const slot = { bucket: Number(BigInt(inode) % BigInt(CHECKPOINTS)), position: null }
    this.#buckets[slot.bucket].slots.add(slot)
    return slot
  }

  /** @param bytes how many were read since it was set last */
  set(slot: Slot, position: Position, bytes: number): void {
    slot.position = position
    this.#bytes += bytes
    this.#touch(slot)
  }

  /** The file has no position any more, until it is set again. */
  clear(slot: Slot): void {
    if (slot.position !== null) this.#touch(slot)
    slot.position = null
  }

  remove(slot: Slot): void {
    this.clear(slot)
    this.#buckets[slot.bucket].slots.delete(slot)
  }

  #touch({ bucket }: Slot): void {
    this.#buckets[bucket].changed = this.#changed = true
  }

  /** Lets go of files that have been gone for long. */
  forget(drop: (slot: Slot) => void): void {
    const before = this.clock.millis() - FORGET_MS
    for (const slot of this.slots()) {
      if ((slot.position?.gone ?? Infinity) >= before) continue
      drop(slot)
      this.remove(slot)
    }
  }

  /** Whether it is time for checkpoints. */
  get due(): boolean {
    return this.#changed && (this.#bytes >= this.#enough || this.clock.monotonic() - this.#last >= WAIT_MS)
  }

  /**
   * Checkpoints of what changed since the last ones; null if nothing did. They stand for all lines passed on before.
   */
  checkpoints(): RecordBatch | null {
    if (!this.#changed) return null
    this.#changed = false
    this.#bytes = 0
    this.#last = this.clock.monotonic()
    const changed = this.#buckets.filter((bucket) => bucket.changed)
    let count = 0
    const payloads = changed.map((bucket) => {
      bucket.changed = false
      const kept = [...bucket.slots].filter(({ position }) => position !== null)
      const files = kept.map(({ position }) => position as unknown as Json)
      count += files.length
      return { position: { files } }
    })
    this.#enough = Math.max(BYTES, TIMES * POSITION_BYTES * count)
    return new RecordBatch(changed.map(({ id }) => id), payloads)
  }
}

function sourceOf(name: string, bucket: number): string {
  return `receive.file/${name}/${bucket}`
}

function isPosition(json: Json): json is Json & Position {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return false
  const { device, inode, offset, head, tail, path, name } = json as { [key: string]: Json }
  const texts = [device, inode, head, tail, path, name].every((text) => typeof text === 'string')
  return texts && /^\d+$/.test(inode as string) && Number.isSafeInteger(offset) && (offset as number) >= 0
}
