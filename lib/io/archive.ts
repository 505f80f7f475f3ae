// Files set aside: their names, their compression and their number.

import { createReadStream, createWriteStream } from 'node:fs'
import { access, readdir, rename, rm } from 'node:fs/promises'
import { basename, dirname, extname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { Log } from '../component.js'

export interface ArchiveOptions {
  /** Files kept; undefined: all. */
  keep: number | undefined
  gzip: boolean
}

/** `a/b.ndjson` is set aside as `a/b-20251122T093000.123Z.ndjson`: by name is by time of rotation. */
export class Archive {
  readonly #folder: string
  readonly #stem: string
  readonly #extension: string
  readonly #pattern: RegExp
  #work: Promise<void> = Promise.resolve()

  constructor(
    path: string,
    private readonly options: ArchiveOptions,
    private readonly log: Log,
  ) {
    this.#folder = dirname(path)
    this.#extension = extname(path)
    this.#stem = basename(path, this.#extension)
    const quoted = (text: string) => text.replace(/[^\w]/g, '\\$&')
    const time = '\\d{8}T\\d{6}\\.\\d{3}Z'
    this.#pattern = new RegExp(`^${quoted(this.#stem)}-${time}${quoted(this.#extension)}(\\.gz)?(\\.part)?$`)
  }

  /** A name that no file has: where two rotations fall into one millisecond, the next free one. */
  async freeName(millis: number): Promise<string> {
    for (let at = millis; ; at++) {
      const time = new Date(at).toISOString().replace(/[-:]/g, '')
      const name = join(this.#folder, `${this.#stem}-${time}${this.#extension}`)
      if (!(await exists(name)) && !(await exists(`${name}.gz`))) return name
    }
  }

  /** Does what an earlier run left: unfinished compression starts again. */
  async recover(): Promise<void> {
    for (const name of await this.#names()) {
      if (name.endsWith('.part')) await rm(join(this.#folder, name), { force: true })
    }
    this.tidy()
  }

  /** Compresses what is not yet, deletes what is too many; goes on in the background. */
  tidy(): void {
    this.#work = this.#work
      .then(() => this.#tidy())
      .catch((error: Error) => this.log.warn(`files set aside: ${error.message}`))
  }

  /** Resolves when nothing is left to do. */
  idle(): Promise<void> {
    return this.#work
  }

  async #names(): Promise<string[]> {
    return (await readdir(this.#folder)).filter((name) => this.#pattern.test(name)).sort()
  }

  async #tidy(): Promise<void> {
    const { keep, gzip } = this.options
    const names = (await this.#names()).filter((name) => !name.endsWith('.part'))
    const old = keep === undefined ? [] : names.slice(0, Math.max(0, names.length - keep))
    for (const name of old) await rm(join(this.#folder, name), { force: true })
    if (!gzip) return
    for (const name of names.slice(old.length)) if (!name.endsWith('.gz')) await compress(join(this.#folder, name))
  }
}

async function compress(path: string): Promise<void> {
  const { createGzip } = await import('node:zlib')
  const part = `${path}.gz.part`
  // `flush` forces the copy to the disk before the original goes.
  await pipeline(createReadStream(path), createGzip(), createWriteStream(part, { flush: true }))
  await rename(part, `${path}.gz`)
  await rm(path)
}

function exists(path: string): Promise<boolean> {
  return access(path).then(() => true, () => false)
}
