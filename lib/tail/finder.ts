// Finds the files of targets as they appear, and knows again those that were renamed.

import type { Context } from '../component.js'
import type { Target } from './follow.js'
import type { Positions } from './positions.js'
import type { Registry } from './registry.js'
import { type Seen, seenAt } from './seen.js'
import { type Reading, Tailed } from './tailed.js'

export interface FinderOptions {
  /** Files that have not been written for so many milliseconds are not begun. */
  readonly ignoreOlder: number | undefined
  readonly maxFiles: number
}

interface Found {
  readonly path: string
  readonly seen: Seen
  readonly target: Target
}

export class Finder {
  #looks = 0
  #full = false

  constructor(
    private readonly targets: ReadonlySet<Target>,
    private readonly registry: Registry,
    private readonly positions: Positions,
    private readonly options: FinderOptions,
    private readonly reading: Reading,
    private readonly context: Pick<Context, 'clock' | 'log'>,
  ) {}

  /** @param now milliseconds of the clock that never jumps */
  look(now: number): void {
    const found: Found[] = []
    for (const target of this.targets) {
      for (const path of target.paths(this.context.clock.millis())) {
        if (this.registry.at(path) !== undefined) continue
        const seen = seenOrNull(path)
        if (seen !== null && !this.#renamed(path, seen)) found.push({ path, seen, target })
      }
    }
    // What the last run knew comes first, so that copies of it are known as such; and older ones come before newer
    // ones.
    const known = ({ seen }: Found) => (this.registry.resumable(seen) === undefined ? 1 : 0)
    found.sort((a, b) => known(a) - known(b) || a.seen.written - b.seen.written)
    for (const each of found) this.#add(each, now)
    for (const target of this.targets) target.known = true
    // What the last run knew and this one does not find is gone, as far as is known.
    if (++this.#looks === 2) this.registry.missed(this.context.clock.millis())
  }

  /** Whether the file is followed already: under a name that it has no more, or under another one that it has too. */
  #renamed(path: string, seen: Seen): boolean {
    const file = this.registry.find(seen)
    if (file === undefined) return false
    const there = file.path === null ? null : seenOrNull(file.path)
    if (there !== null && file.is(there)) return true
    this.registry.name(file, path)
    file.nextLook = 0
    if (!file.fresh) this.positions.set(file.slot, file.position, 0)
    return true
  }

  #add({ path, seen, target }: Found, now: number): void {
    const { registry, options, context } = this
    // Two names of one file may have been found at once.
    if (!seen.regular || registry.find(seen) !== undefined) return
    const kept = registry.resumable(seen)
    if (kept === undefined && context.clock.millis() - seen.written > (options.ignoreOlder ?? Infinity)) return
    if (registry.size >= options.maxFiles) {
      const { maxFiles } = options
      const told = `there are more files than --max-files ${maxFiles}: ${path} and others are not read`
      if (!this.#full) context.log.error(told)
      this.#full = true
      return
    }
    const file = new Tailed(seen, path, target, this.positions.slot(seen.inode), this.reading)
    file.quietSince = now
    registry.add(file)
  }
}

/** null where it is not there, or cannot be seen. */
function seenOrNull(path: string): Seen | null {
  try {
    return seenAt(path)
  } catch {
    return null
  }
}
