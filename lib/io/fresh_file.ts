// A file that is read again when it has changed, such as a database that somebody replaces once a week.

import { readFile, stat } from 'node:fs/promises'
import type { Clock, Log } from '../component.js'
import { Problem } from '../diag/problem.js'
import { fileComplaint } from '../net/file.js'

/** Opens files for a command's work. */
export function freshFiles({ clock, log }: { readonly clock: Clock; readonly log: Log }) {
  return { open: <T>(path: string, parse: (bytes: Buffer) => T) => FreshFile.open(path, parse, clock, log) }
}

/** Milliseconds between two looks. */
const LOOK_EVERY = 10_000

class FreshFile<T> {
  #value!: T
  #version = ''
  #looked = 0
  #looking = false

  private constructor(
    private readonly path: string,
    private readonly parse: (bytes: Buffer) => T,
    private readonly clock: Clock,
    private readonly log: Log,
  ) {}

  /** Reads and parses it; throws a Problem, or what `parse` throws. */
  static async open<T>(path: string, parse: (bytes: Buffer) => T, clock: Clock, log: Log): Promise<FreshFile<T>> {
    const file = new FreshFile(path, parse, clock, log)
    try {
      file.#version = await file.#look()
      file.#value = parse(await readFile(path))
    } catch (cause) {
      if (cause instanceof Problem) throw cause
      throw new Problem(`cannot read ${path}: ${fileComplaint(cause)}`, { cause })
    }
    file.#looked = clock.monotonic()
    return file
  }

  /** What it held at the last look; the next one, when it is time, goes on beside the work. */
  current(): T {
    if (!this.#looking && this.clock.monotonic() - this.#looked >= LOOK_EVERY) void this.#refresh()
    return this.#value
  }

  async #refresh(): Promise<void> {
    this.#looking = true
    try {
      const version = await this.#look()
      if (version !== this.#version) {
        this.#value = this.parse(await readFile(this.path))
        this.#version = version
        this.log.info(`${this.path} has changed: read again`)
      }
    } catch (error) {
      this.log.warn(`${this.path} has changed and cannot be read, its old content serves on: ${fileComplaint(error)}`)
    } finally {
      this.#looked = this.clock.monotonic()
      this.#looking = false
    }
  }

  async #look(): Promise<string> {
    const { dev, ino, size, mtimeMs } = await stat(this.path)
    return `${dev} ${ino} ${size} ${mtimeMs}`
  }
}
