// Committed positions: a folder with a file for each source, which holds the source's last committed checkpoint as a
// line.

import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile, rm } from 'node:fs/promises'
import type { Server } from 'node:net'
import { join } from 'node:path'
import type { Log } from '../component.js'
import { EXIT, Problem } from '../diag/problem.js'
import { decodeLine } from '../record/decode.js'
import type { Json } from '../record/json.js'
import { tailText } from '../record/record.js'
import { type Checkpoint, checkpointIdentity } from './checkpoint.js'
import { lockFolder, unlock } from '../spool/lock.js'
import { isFull } from '../spool/writer.js'
import { replaceFile } from './replace.js'

/** Bytes of a file's name that every file system takes, with room for what `replaceFile` adds. */
const NAME_BYTES = 200

export class State {
  readonly folder: string
  #lock: Server | null = null

  /** @param folder that of `--state`, in which a sink may keep other things as well */
  constructor(folder: string) {
    this.folder = join(folder, 'checkpoints')
  }

  /** Makes the folder where it is missing. Throws a Problem. */
  async make(): Promise<void> {
    await mkdir(this.folder, { recursive: true }).catch((cause: NodeJS.ErrnoException) => {
      const exit = isFull(cause) ? EXIT.temporary : EXIT.usage
      throw new Problem(`--state: cannot make ${this.folder}: ${cause.code}`, { cause, expected: 'a folder', exit })
    })
  }

  /** The same, and holds it: one process commits. Throws a Problem. */
  async hold(): Promise<void> {
    await this.make()
    this.#lock = await lockFolder(this.folder)
  }

  /** Lets go of what `hold` held. */
  async release(): Promise<void> {
    if (this.#lock !== null) await unlock(this.#lock)
    this.#lock = null
  }

  /** What was committed last; null if nothing was, or, with a warning, if the file is damaged. Throws a Problem. */
  async read(source: string, log: Log): Promise<Json | null> {
    const path = this.path(source)
    const line = await readFile(path).catch((cause: NodeJS.ErrnoException) => {
      if (cause.code === 'ENOENT') return null
      throw new Problem(`--state: cannot read ${path}: ${cause.code}`, { cause, expected: 'a folder' })
    })
    if (line === null) return null
    const record = decodeLine(line)
    const position = !('reason' in record) && record.identity.rest.source === source ? record.payload.position : undefined
    if (position !== undefined) return position
    log.warn(`--state: ${path} holds no checkpoint of ${source}: starting over`)
    return null
  }

  /** Durable when it resolves. Throws a Problem. */
  async commit({ source, position }: Checkpoint): Promise<void> {
    const id = checkpointIdentity(source)
    const path = this.path(source)
    try {
      await replaceFile(path, id.prefix.toString() + tailText(id, { position }))
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException
      throw new Problem(`--state: cannot write ${path}: ${code}`, { cause, exit: EXIT.temporary })
    }
  }

  /** Sources of which something is kept, and whose names begin like this and are short. */
  async sources(prefix: string): Promise<string[]> {
    const names = await readdir(this.folder).catch(() => [])
    const encoded = encodeURIComponent(prefix)
    const found = names.filter((name) => name.startsWith(encoded) && name.endsWith('.json') && !name.includes('~'))
    return found.map((name) => decodeURIComponent(name.slice(0, -'.json'.length)))
  }

  /** Nothing is kept of a source any more. */
  async forget(source: string): Promise<void> {
    await rm(this.path(source), { force: true })
  }

  /** The file of a source. */
  path(source: string): string {
    const name = encodeURIComponent(source)
    if (name.length <= NAME_BYTES) return join(this.folder, `${name}.json`)
    const hash = createHash('sha256').update(source).digest('hex').slice(0, 16)
    return join(this.folder, `${name.slice(0, NAME_BYTES - 20)}~${hash}.json`)
  }
}
