// Discovery from files: read again on every refresh; what cannot be read keeps its groups.

import { isUtf8 } from 'node:buffer'
import { open } from 'node:fs/promises'
import { EXIT, Problem, Problems } from '../diag/problem.js'
import { fileComplaint } from '../net/file.js'
import { type FilePattern, filesOf, formatOf } from './glob.js'
import { parseGroups } from './group.js'
import type { Known, PlacedGroup } from './known.js'

export interface Refresh {
  /** Groups of files that changed, and of those that went. */
  groups: readonly PlacedGroup[]
  problems: readonly Problem[]
  /** Patterns that no file matches. */
  unmatched: readonly FilePattern[]
}

export class Files {
  /** What was last read of each file, good or bad: the same again is neither parsed nor told again. */
  readonly #read = new Map<string, Buffer>()

  constructor(
    private readonly patterns: readonly FilePattern[],
    private readonly known: Known,
    private readonly maxBytes: number,
  ) {}

  /** Folders in which a change may matter. */
  get folders(): string[] {
    return [...new Set(this.patterns.map(({ folder }) => folder))]
  }

  async refresh(): Promise<Refresh> {
    const groups: PlacedGroup[] = []
    const problems: Problem[] = []
    const there = new Set<string>()
    const unmatched: FilePattern[] = []
    for (const pattern of this.patterns) {
      try {
        const paths = await filesOf(pattern)
        for (const path of paths) there.add(path)
        if (paths.length === 0) unmatched.push(pattern)
      } catch (cause) {
        // A folder that cannot be listed says nothing about its files.
        problems.push(unreadable(pattern.text, cause))
        for (const path of this.#read.keys()) there.add(path)
      }
    }
    for (const path of there) {
      try {
        groups.push(...(await this.#file(path)))
      } catch (error) {
        if (error instanceof Problems) problems.push(...error.list)
        else if (error instanceof Problem) problems.push(error)
        else throw error
      }
    }
    for (const path of [...this.#read.keys()].filter((path) => !there.has(path))) {
      this.#read.delete(path)
      groups.push(...this.known.set(path, []))
    }
    return { groups, problems, unmatched }
  }

  async #file(path: string): Promise<PlacedGroup[]> {
    const bytes = await readBounded(path, this.maxBytes)
    if (this.#read.get(path)?.equals(bytes) === true) return []
    this.#read.set(path, bytes)
    if (!isUtf8(bytes)) throw new Problem('not UTF-8', { place: { file: path }, exit: EXIT.failed })
    const text = bytes.toString().replace(/^\ufeff/, '')
    return this.known.set(path, await parseGroups(text, formatOf(path), path))
  }
}

function unreadable(path: string, cause: unknown): Problem {
  return new Problem(`cannot read: ${fileComplaint(cause)}`, { place: { file: path }, exit: EXIT.failed, cause })
}

async function readBounded(path: string, maxBytes: number): Promise<Buffer> {
  try {
    const file = await open(path)
    try {
      // The size is not asked for: it may be wrong for what is no ordinary file, or is being written.
      const pieces: Buffer[] = []
      let total = 0
      for (;;) {
        const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(1 << 16))
        if (bytesRead === 0) return Buffer.concat(pieces)
        total += bytesRead
        if (total > maxBytes)
          throw new Problem(`larger than --max-file-bytes ${maxBytes}`, { place: { file: path }, exit: EXIT.failed })
        pieces.push(buffer.subarray(0, bytesRead))
      }
    } finally {
      await file.close()
    }
  } catch (error) {
    throw error instanceof Problem ? error : unreadable(path, error)
  }
}
