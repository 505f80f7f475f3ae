// The files that are followed and those that were: by device and inode, by path, and by the log that they are pieces
// of.

import { basename } from 'node:path'
import { logOf, logsOf } from './names.js'
import type { Place } from './place.js'
import type { Positions, Slot } from './positions.js'
import { keyOf, type Seen } from './seen.js'
import type { Tailed } from './tailed.js'

/**
 * Logs of one name in several folders, beyond which a copy in yet another one is not looked for: pods have thousands.
 */
const MOST_ELSEWHERE = 64
const NOTHING = { files: [], slots: [] } as const

export class Registry {
  readonly #files = new Map<string, Tailed>()
  readonly #paths = new Map<string, Tailed>()
  /** Files by the log that their path speaks of. */
  readonly #logs = new Map<string, Set<Tailed>>()
  /** Positions of files that are not there (gone, truncated, or not found yet), by path, and by log. */
  readonly #kept = new Map<string, Set<Slot>>()
  readonly #keptLogs = new Map<string, Set<Slot>>()
  /** Both by the log's name alone, for copies that are made in another folder. */
  readonly #names = new Map<string, Set<Tailed>>()
  readonly #keptNames = new Map<string, Set<Slot>>()
  /** Of those, the ones of the last run whose file may still be there, by its key. */
  readonly #resumable = new Map<string, Slot>()
  /** Under which position a place was kept, when its file went. */
  readonly #ends = new WeakMap<Place, Slot>()

  constructor(private readonly positions: Positions) {
    for (const slot of positions.slots()) {
      this.#keep(slot)
      this.#offer(slot)
    }
  }

  /** A position is gone on with by the file that has its inode; of two the one whose file was there last. */
  #offer(slot: Slot): void {
    const key = keyOf(slot.position!)
    if (slot.position!.gone === undefined || !this.#resumable.has(key)) this.#resumable.set(key, slot)
  }

  get files(): Iterable<Tailed> {
    return this.#files.values()
  }

  get size(): number {
    return this.#files.size
  }

  at(path: string): Tailed | undefined {
    return this.#paths.get(path)
  }

  find(seen: Seen): Tailed | undefined {
    return this.#files.get(keyOf(seen))
  }

  /** The position of the last run for a file; it may be that of another one which had the inode before. */
  resumable(seen: Seen): Slot | undefined {
    return this.#resumable.get(keyOf(seen))
  }

  add(file: Tailed): void {
    this.#files.set(keyOf(file), file)
    this.name(file, file.path!)
  }

  /** The file is found at `path` now. */
  name(file: Tailed, path: string): void {
    this.unname(file)
    this.#unlist(file)
    file.path = file.lastPath = path
    this.#paths.set(path, file)
    const log = logOf(path)
    setOf(this.#logs, log).add(file)
    setOf(this.#names, basename(log)).add(file)
  }

  /** The file's path leads elsewhere, or nowhere; it still is a piece of its log. */
  unname(file: Tailed): void {
    if (file.path !== null && this.#paths.get(file.path) === file) this.#paths.delete(file.path)
    file.path = null
  }

  remove(file: Tailed): void {
    this.unname(file)
    this.#unlist(file)
    this.#files.delete(keyOf(file))
  }

  #unlist(file: Tailed): void {
    const log = logOf(file.lastPath)
    drop(this.#logs, log, file)
    drop(this.#names, basename(log), file)
  }

  /**
   * Files and positions without one that a file in another folder may be a copy of, as logrotate's `olddir` makes
   * them. There are none where its own folder has the log.
   */
  elsewhere(file: Tailed): { readonly files: readonly Tailed[]; readonly slots: readonly Slot[] } {
    const logs = logsOf(file.lastPath)
    if (logs.some((log) => this.#paths.has(log))) return NOTHING
    const names = logs.map((log) => basename(log))
    const count = (name: string) => (this.#names.get(name)?.size ?? 0) + (this.#keptNames.get(name)?.size ?? 0)
    if (names.reduce((sum, name) => sum + count(name), 0) > MOST_ELSEWHERE) return NOTHING
    const there = (path: string) => !logs.includes(logOf(path))
    const files = names.flatMap((name) => [...(this.#names.get(name) ?? [])])
    const slots = names.flatMap((name) => [...(this.#keptNames.get(name) ?? [])])
    return {
      files: files.filter(({ lastPath }) => there(lastPath)),
      slots: slots.filter(({ position }) => there(position!.path)),
    }
  }

  /** Other files of the same log. */
  related(file: Tailed): Tailed[] {
    const files = logsOf(file.lastPath).flatMap((log) => [...(this.#logs.get(log) ?? [])])
    return files.filter((other) => other !== file)
  }

  /** The files that now have the names which this one may have had before it was rotated. */
  originals(file: Tailed): Tailed[] {
    const files = logsOf(file.lastPath).map((log) => this.#paths.get(log))
    return files.filter((other) => other !== undefined && other !== file) as Tailed[]
  }

  /** Positions without a file, of the same log. */
  keptOf(file: Tailed): Slot[] {
    return logsOf(file.lastPath).flatMap((log) => [...(this.#keptLogs.get(log) ?? [])])
  }

  /** Positions without a file, of one at this path. */
  keptAt(path: string): Slot[] {
    return [...(this.#kept.get(path) ?? [])]
  }

  /**
   * How far the file was read is kept, for a copy of it may come.
   *
   * @param back whether the file itself may come back
   */
  end(file: Tailed, gone: number, back: boolean): void {
    if (file.fresh) return
    const slot = this.positions.slot(file.inode)
    this.positions.set(slot, { ...file.position, gone }, 0)
    this.#keep(slot)
    this.#ends.set(file.place, slot)
    if (back) this.#offer(slot)
  }

  /** Since when the files of kept positions are gone, where that is not known. */
  missed(gone: number): void {
    for (const slots of this.#kept.values()) {
      for (const slot of slots) {
        if (slot.position!.gone === undefined) this.positions.set(slot, { ...slot.position!, gone }, 0)
      }
    }
  }

  endOf(place: Place): Slot | undefined {
    return this.#ends.get(place)
  }

  /** The file goes on where a kept position was. */
  adopt(file: Tailed, slot: Slot): void {
    this.release(slot)
    this.positions.remove(file.slot)
    file.slot = slot
  }

  /** The slot's file was found, or will not be. */
  release(slot: Slot): void {
    const { position } = slot
    if (position === null) return
    drop(this.#kept, position.path, slot)
    drop(this.#keptLogs, logOf(position.path), slot)
    drop(this.#keptNames, basename(logOf(position.path)), slot)
    if (this.#resumable.get(keyOf(position)) === slot) this.#resumable.delete(keyOf(position))
  }

  /** The file that has the slot's inode is not the one that was read. */
  notResumed(slot: Slot): void {
    this.#resumable.delete(keyOf(slot.position!))
  }

  isOfLastRun(slot: Slot): boolean {
    return this.#resumable.get(keyOf(slot.position!)) === slot
  }

  /** Whether a kept position still waits for a copy of its file. */
  isKept(slot: Slot): boolean {
    return this.#kept.get(slot.position!.path)?.has(slot) === true
  }

  #keep(slot: Slot): void {
    setOf(this.#kept, slot.position!.path).add(slot)
    const log = logOf(slot.position!.path)
    setOf(this.#keptLogs, log).add(slot)
    setOf(this.#keptNames, basename(log)).add(slot)
  }
}

function setOf<T>(map: Map<string, Set<T>>, key: string): Set<T> {
  let set = map.get(key)
  if (set === undefined) map.set(key, (set = new Set()))
  return set
}

function drop<T>(map: Map<string, Set<T>>, key: string, value: T): void {
  const set = map.get(key)
  set?.delete(value)
  if (set?.size === 0) map.delete(key)
}
