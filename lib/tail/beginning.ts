// Where a file is begun that nothing was read of yet: at its start, where the last run came to, or behind what was
// read of the file that it is a copy of.

import type { FileHandle } from 'node:fs/promises'
import type { Clock } from '../component.js'
import { DamagedFile } from '../recording/lines.js'
import type { Handles } from './handles.js'
import { logsOf } from './names.js'
import { packingOf, unpacked, unreadPacking } from './packed.js'
import { type Mark, Place } from './place.js'
import type { Positions, Slot } from './positions.js'
import type { Registry } from './registry.js'
import type { Seen } from './seen.js'
import type { Reading, Tailed } from './tailed.js'
import { textOf } from './text.js'

/** Bytes that are looked at to see what a file is. */
const LOOK_BYTES = 2048
/** With less in common two files may be two files. */
const LEAST_BYTES = 16
/**
 * The same for a file of the same name in another place, be it another disk (devices change with their order) or
 * folder.
 */
const LEAST_MOVED = 1024
/** A file that has not changed for so long is not being copied, milliseconds. */
const SETTLED_MS = 2000
const LF = 10

interface BeginOptions {
  /** Files that were there at the start, and have no position, begin at their end. */
  readonly atEnd: boolean
  /** Milliseconds for which a packed file must not change before it is read. */
  readonly delay: number
}

export class Beginning {
  constructor(
    private readonly registry: Registry,
    private readonly positions: Positions,
    private readonly handles: Handles,
    private readonly options: BeginOptions,
    private readonly reading: Reading,
    private readonly clock: Clock,
  ) {}

  /** Whether it can be read now; `fresh` stays where it cannot. Throws what the file system throws. */
  async begin(file: Tailed, seen: Seen): Promise<boolean> {
    const handle = await this.handles.of(file)
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(LOOK_BYTES), 0, LOOK_BYTES, 0)
    const head = buffer.subarray(0, bytesRead)
    const packing = (file.packing = packingOf(head))
    if (packing === null) file.text = textOf(head, this.reading.encoding)
    const slot = this.registry.resumable(seen)
    if (slot !== undefined && (await this.#resume(file, slot, handle, seen))) return true
    // The first byte of a byte order mark says nothing yet.
    if (bytesRead === 0 || (bytesRead === 1 && head[0] > 127)) return false
    const unread = unreadPacking(head)
    if (unread !== undefined) {
      return this.#refuse(file, 'unknown_packing', `packed with ${unread}, expected gzip, bzip2, zstd or plain`)
    }
    if (packing === null && file.isBinary(head)) {
      return this.#refuse(file, 'not_text', 'binary, expected text; --encoding says which, if it is')
    }
    if (packing !== null && this.clock.millis() - seen.changed < this.options.delay) return false
    const copied = packing === null ? await this.#plainCopy(file, handle, seen) : await this.#packedCopy(file, handle)
    if (copied) return file.original === null
    file.fresh = false
    if (file.old > 0 && this.options.atEnd) await this.#toEnd(file, handle, seen)
    return true
  }

  #refuse(file: Tailed, reason: string, why: string): false {
    file.refused = true
    const { account, reject } = this.reading.context
    account.made++
    reject({ reason, detail: `${why}: not read`, where: file.lastPath, original: '' })
    return false
  }

  async #toEnd(file: Tailed, handle: FileHandle, seen: Seen): Promise<void> {
    if (file.packing !== null) {
      file.packedSize = seen.size
      return
    }
    const place = await Place.at(handle, file.old)
    if (place === null) return
    file.place = place
    if (file.text!.unit === 2) return
    // A line whose beginning was not read is none.
    const last = await handle.read(Buffer.alloc(1), 0, 1, file.old - 1)
    file.cutting = last.buffer[0] !== LF
  }

  /** Goes on where the last run came to, if the file holds what was read then. */
  async #resume(file: Tailed, slot: Slot, handle: FileHandle, seen: Seen): Promise<boolean> {
    const position = slot.position!
    const place =
      file.packing === null
        ? await Place.at(handle, position.offset)
        : position.packed === seen.size
          ? Place.of(position)
          : (await this.#along(file, handle, [position.offset]))[0]
    if (place?.matches(position) === true) {
      this.#goOn(file, slot, place)
      if (file.packing !== null && position.packed === seen.size) file.packedSize = seen.size
      return true
    }
    const why = place === null ? 'it is shorter than what was read' : 'it holds something else'
    this.reading.context.log.info(`${file.lastPath}: begins anew: ${why}`)
    this.registry.notResumed(slot)
    this.positions.set(slot, { ...position, gone: this.clock.millis() }, 0)
    return false
  }

  #goOn(file: Tailed, slot: Slot, place: Place): void {
    this.registry.adopt(file, slot)
    file.rename(slot.position!.name)
    file.place = place
    file.cutting = slot.position!.cut === true
    if (file.joiner !== null) file.joiner.begun = slot.position!.joined === true
    file.original = file.originalPlace = null
    file.fresh = false
  }

  /** A plain copy is what copytruncate leaves, under a name made of that of the original. */
  async #plainCopy(file: Tailed, handle: FileHandle, seen: Seen): Promise<boolean> {
    for (const path of new Set([...logsOf(file.lastPath), file.lastPath])) {
      for (const slot of this.registry.keptAt(path)) {
        const kept = slot.position!
        if (kept.packed !== undefined || kept.offset < this.#least(file, slot)) continue
        const place = await Place.at(handle, kept.offset)
        if (place?.matches(kept) !== true) continue
        this.#goOn(file, slot, place)
        return true
      }
    }
    for (const other of this.registry.originals(file)) {
      if (isRead(other) && (await this.#isCopy(file, handle, seen, other))) return true
    }
    return this.#plainElsewhere(file, handle, seen)
  }

  async #isCopy(file: Tailed, handle: FileHandle, seen: Seen, other: Tailed): Promise<boolean> {
    const at = Math.min(seen.size, other.place.offset)
    const theirs = at === other.place.offset ? other.place : await Place.at(await this.handles.of(other), at)
    if (theirs === null || (await Place.at(handle, at))?.matches(theirs.mark) !== true) return false
    this.#hold(file, other)
    return true
  }

  /** The same for a copy in another folder; it must have more in common with what was read. */
  async #plainElsewhere(file: Tailed, handle: FileHandle, seen: Seen): Promise<boolean> {
    const { files, slots } = this.registry.elsewhere(file)
    for (const slot of slots) {
      const kept = slot.position!
      if (kept.packed !== undefined || kept.offset < LEAST_MOVED) continue
      const place = await Place.at(handle, kept.offset)
      if (place?.matches(kept) !== true) continue
      this.#goOn(file, slot, place)
      return true
    }
    for (const other of files) {
      if (other.packing !== null || other.fresh || Math.min(seen.size, other.place.offset) < LEAST_MOVED) continue
      if (await this.#isCopy(file, handle, seen, other)) return true
    }
    return false
  }

  /** How much must be the same, that a file is taken for the one of a kept position. */
  #least(file: Tailed, slot: Slot): number {
    if (slot.position!.path !== file.lastPath) return LEAST_BYTES
    return this.registry.isOfLastRun(slot) ? LEAST_MOVED : Infinity
  }

  async #packedCopy(file: Tailed, handle: FileHandle): Promise<boolean> {
    const elsewhere = this.registry.elsewhere(file)
    const slots = [
      ...this.registry.keptOf(file).filter(({ position }) => isLong(position!)),
      ...elsewhere.slots.filter(({ position }) => position!.offset >= LEAST_MOVED),
    ].filter(({ position }) => position!.packed === undefined)
    const others = [
      ...this.registry.related(file).filter(isRead),
      ...elsewhere.files.filter(({ fresh, place }) => !fresh && place.offset >= LEAST_MOVED),
    ].filter((other) => other.packing === null)
    const offsets = [...slots.map(({ position }) => position!.offset), ...others.map(({ place }) => place.offset)]
    if (offsets.length === 0) return false
    const places = await this.#along(file, handle, [...new Set(offsets)].sort((a, b) => a - b))
    for (const place of places.reverse()) {
      const slot = slots.find(({ position }) => place.matches(position!))
      if (slot !== undefined) {
        this.#goOn(file, slot, place)
        return true
      }
      const other = others.find((each) => place.matches(each.place.mark))
      if (other === undefined) continue
      this.#hold(file, other)
      return true
    }
    return false
  }

  async #along(file: Tailed, handle: FileHandle, offsets: readonly number[]): Promise<Place[]> {
    const places: Place[] = []
    const { encoding } = this.reading
    async function* pieces(): AsyncGenerator<Buffer> {
      for await (const piece of unpacked(handle, file.packing!)) {
        file.text ??= textOf(piece, encoding)
        yield piece
      }
    }
    try {
      for await (const place of Place.along(pieces(), offsets)) places.push(place)
    } catch (error) {
      // Damaged: what is behind is not known to be the same.
      if (!(error instanceof DamagedFile)) throw error
    }
    return places
  }

  #hold(file: Tailed, original: Tailed): void {
    file.original = original
    file.originalPlace = original.place
  }

  /** Whether a copy can be read now, because its original says no more; `fresh` stays where it must begin again. */
  async release(file: Tailed, seen: Seen): Promise<boolean> {
    const { original, originalPlace: place } = file
    const end = this.registry.endOf(place!)
    const handle = await this.handles.of(file)
    if (end !== undefined || original!.place !== place) {
      file.original = file.originalPlace = null
      if (end === undefined || file.packing !== null) return this.begin(file, seen)
      const offset = Math.min(place!.offset, seen.size)
      const mine = await Place.at(handle, offset)
      if (mine === null || !this.registry.isKept(end)) return this.begin(file, seen)
      this.#goOn(file, end, mine)
      return true
    }
    // All of it was read there. A copy that is still being made becomes longer.
    const settled = this.clock.millis() - seen.changed >= SETTLED_MS
    if (file.packing !== null || !settled || place!.offset < seen.size) return false
    file.place = (await Place.at(handle, seen.size)) ?? file.place
    file.original = file.originalPlace = null
    file.fresh = false
    return true
  }
}

function isRead(file: Tailed): boolean {
  return !file.fresh && file.place.offset >= LEAST_BYTES
}

function isLong({ offset }: Mark): boolean {
  return offset >= LEAST_BYTES
}
