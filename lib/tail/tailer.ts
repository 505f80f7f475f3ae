// Follows files: reads on where they grew, and sees them renamed, truncated, copied, packed and deleted.

import type { SourceContext } from '../component.js'
import type { BlockRule } from '../logs/block.js'
import { fileComplaint } from '../net/file.js'
import { Beginning } from './beginning.js'
import { Finder, type FinderOptions } from './finder.js'
import type { Target } from './follow.js'
import { Handles } from './handles.js'
import { Outlet } from './outlet.js'
import type { Positions } from './positions.js'
import { Reader } from './reader.js'
import { Registry } from './registry.js'
import { type Seen, seenAt, seenIn } from './seen.js'
import type { Reading, Tailed } from './tailed.js'

export interface TailOptions extends FinderOptions {
  /** Milliseconds between looks at files, and between looks for new ones. */
  readonly every: number
  readonly scanEvery: number
  /** Files without a position that are there at the start begin at their end. */
  readonly atEnd: boolean
  /** Milliseconds for which a packed file must not change before it is read. */
  readonly delay: number
  /** Milliseconds of quiet after which a file that has lost its name is done with. */
  readonly linger: number
  /** The same, after which a line without newline is taken as it is; undefined: never. */
  readonly partialWait: number | undefined
  readonly maxOpen: number
  readonly maxLine: number
  /** Which lines belong together; null: each one stands alone. */
  readonly blocks: BlockRule | null
  readonly encoding: string
  /** Reads what is there, and ends. */
  readonly once: boolean
}

/** A file that has not changed for so long is looked at less often, milliseconds. */
const IDLE_AFTER = 2000
const IDLE_EVERY = 2000
/** One that cannot be read is tried again after so long, milliseconds. */
const RETRY_EVERY = 5000
const FORGET_EVERY = 60_000

export class Tailer {
  readonly #registry: Registry
  readonly #handles: Handles
  readonly #outlet: Outlet
  readonly #reader: Reader
  readonly #beginning: Beginning
  readonly #finder: Finder
  #nextScan = -Infinity
  #nextForget = -Infinity
  #stopped = false

  /** @param checkpoints whether positions go into the stream */
  constructor(
    targets: ReadonlySet<Target>,
    private readonly positions: Positions,
    private readonly checkpoints: boolean,
    private readonly options: TailOptions,
    private readonly context: SourceContext,
  ) {
    const { encoding, maxLine, blocks } = options
    this.#registry = new Registry(positions)
    this.#handles = new Handles(options.maxOpen)
    this.#outlet = new Outlet(context)
    const reading: Reading = { context, outlet: this.#outlet, encoding, maxLine, blocks }
    this.#reader = new Reader(this.#handles, reading, context)
    const begin = { atEnd: options.atEnd, delay: options.once ? 0 : options.delay }
    this.#beginning = new Beginning(this.#registry, positions, this.#handles, begin, reading, context.clock)
    this.#finder = new Finder(targets, this.#registry, positions, options, reading, context)
  }

  /** Follows until the stage stops; with `once` until all is read. */
  async run(): Promise<void> {
    const { clock, signal } = this.context
    const { once, every } = this.options
    try {
      while (!signal.aborted && !this.#stopped) {
        const busy = await this.#pass()
        if (once && !busy) break
        if (!busy) await clock.sleep(every, signal)
      }
      // Without checkpoints nobody goes on with a block that is not whole.
      for (const file of this.#registry.files) {
        if (once && !signal.aborted) await this.#takeRest(file, file.partial)
        else if (!this.checkpoints) await this.#takeHeld(file)
      }
      await this.#settle(true)
    } finally {
      await this.#handles.closeAll()
    }
  }

  /** Targets have come or gone. */
  wake(): void {
    this.#nextScan = -Infinity
  }

  stop(): void {
    this.#stopped = true
  }

  /** One look at everything that is due; whether there is more to read at once. */
  async #pass(): Promise<boolean> {
    const now = this.context.clock.monotonic()
    if (now >= this.#nextScan) await this.#scan(now)
    let busy = false
    for (const file of [...this.#registry.files]) {
      if (this.context.signal.aborted) break
      if (file.nextLook <= now && (await this.#attend(file, now))) busy = true
      if (this.positions.due) await this.#settle(false)
    }
    await this.#outlet.flush()
    return busy
  }

  async #scan(now: number): Promise<void> {
    this.#nextScan = now + this.options.scanEvery
    for (const file of [...this.#registry.files]) {
      if (!file.target.gone) continue
      await this.#takeHeld(file)
      await this.#leave(file)
    }
    this.#finder.look(now)
    if (now < this.#nextForget) return
    this.#nextForget = now + FORGET_EVERY
    this.positions.forget((slot) => this.#registry.release(slot))
  }

  /** Lines go on, and behind them checkpoints. */
  async #settle(end: boolean): Promise<void> {
    await this.#outlet.flush()
    const batch = end || this.positions.due ? this.positions.checkpoints() : null
    if (batch !== null && this.checkpoints) await this.context.emit(batch)
  }

  /** Looks at a file and reads on; whether there is more. */
  async #attend(file: Tailed, now: number): Promise<boolean> {
    try {
      const seen = await this.#look(file, now)
      if (seen === null) return false
      const more = !file.refused && (await this.#ready(file, seen)) && (await this.#readOn(file, seen))
      file.denied = false
      // A large file that does not grow any more is not idle before it has been read.
      if (more) file.nextLook = 0
      else await this.#quiet(file, now)
      return more
    } catch (error) {
      this.#trouble(file, error as NodeJS.ErrnoException, now)
      return false
    }
  }

  /** The file as it is; null where it is out of reach. */
  async #look(file: Tailed, now: number): Promise<Seen | null> {
    let seen = file.path === null ? null : seenAt(file.path)
    if (seen === null || !file.is(seen)) {
      if (file.path !== null) {
        // Its new name, if it has one, and the file that has its old one, are looked for at once.
        this.#registry.unname(file)
        this.#nextScan = -Infinity
        file.quietSince = now
      }
      if (file.handle === null) {
        if (now - file.quietSince >= this.options.linger) await this.#leave(file)
        return null
      }
      seen = seenIn(file.handle.fd)
    }
    if (seen.size !== file.size) {
      file.size = seen.size
      file.quietSince = now
    }
    const idle = file.path !== null && file.held === 0 && now - file.quietSince >= IDLE_AFTER
    file.nextLook = idle ? now + Math.max(IDLE_EVERY, this.options.every) : 0
    return seen
  }

  async #ready(file: Tailed, seen: Seen): Promise<boolean> {
    if (!file.fresh) return true
    const ready =
      file.original === null ? await this.#beginning.begin(file, seen) : await this.#beginning.release(file, seen)
    if (!file.fresh) this.#record(file, 0)
    return ready
  }

  /** Reads what is new; whether there is more. */
  async #readOn(file: Tailed, seen: Seen): Promise<boolean> {
    if (file.packedSize !== null) return file.packedSize !== seen.size && this.#truncated(file)
    if (file.packing === null && seen.size < file.place.offset) return this.#truncated(file)
    if (seen.size === file.readSize && seen.changed === file.readChanged) return false
    let read = 0
    const outcome = await this.#reader.read(file, (bytes) => (read += bytes)).finally(() => {
      if (read > 0) this.#record(file, read)
    })
    if (outcome === 'truncated') return this.#truncated(file)
    if (outcome === 'more') return true
    if (this.context.signal.aborted) return false
    file.readSize = seen.size
    file.readChanged = seen.changed
    if (file.packing !== null) {
      file.packedSize = seen.size
      this.#record(file, 0)
    }
    return false
  }

  /** What was read is there no more, but perhaps in a copy; what is there is new. */
  #truncated(file: Tailed): true {
    this.context.log.info(`${file.lastPath}: truncated: reading it from its start`)
    this.#registry.end(file, this.context.clock.millis(), false)
    file.restart()
    this.positions.clear(file.slot)
    file.nextLook = 0
    return true
  }

  /** What is to be done when nothing new came for a while. */
  async #quiet(file: Tailed, now: number): Promise<void> {
    const quiet = now - file.quietSince
    const { linger, partialWait, blocks } = this.options
    // Nobody will end the last line of a file that was rotated.
    const wait = file.rotated ? linger : (partialWait ?? Infinity)
    if (quiet >= wait) await this.#takeRest(file, file.partial)
    else if (quiet >= (blocks?.wait ?? Infinity)) await this.#takeRest(file, file.held)
    if (file.path === null && quiet >= linger) await this.#leave(file)
  }

  /** Takes so many of the bytes behind the place as they are. */
  async #takeRest(file: Tailed, bytes: number): Promise<void> {
    // A packed file is read to its end, or not yet.
    if (bytes === 0 || file.packing !== null) return
    let read = 0
    await this.#reader.rest(file, bytes, (taken) => (read += taken))
    this.#record(file, read)
  }

  /** The block goes on that the file ends with, for nobody will read there again. */
  async #takeHeld(file: Tailed): Promise<void> {
    const failed = (error: unknown) => this.#trouble(file, error as Error, this.context.clock.monotonic())
    await this.#takeRest(file, file.held).catch(failed)
  }

  /** The file is not followed any more; its position stays for a while. */
  async #leave(file: Tailed): Promise<void> {
    await this.#handles.close(file)
    this.#registry.end(file, this.context.clock.millis(), true)
    this.positions.remove(file.slot)
    this.#registry.remove(file)
  }

  #record(file: Tailed, bytes: number): void {
    this.positions.set(file.slot, file.position, bytes)
  }

  /** Told once; it is tried again, and the others go on. */
  #trouble(file: Tailed, error: NodeJS.ErrnoException, now: number): void {
    if (error === this.#outlet.failure || !/^E(?!RR_)/.test(error.code ?? '')) throw error
    // Moved between a look and the opening.
    if (error.code === 'ENOENT' || error.code === 'ESTALE') {
      this.#nextScan = -Infinity
      return
    }
    file.nextLook = now + RETRY_EVERY
    if (!file.denied) this.context.log.error(`${file.lastPath}: cannot read: ${fileComplaint(error)}; trying again`)
    file.denied = true
  }
}
