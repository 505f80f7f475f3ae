// The files that a pattern means, as folders change. A folder whose time of change stands still is not read again.

import { readdirSync, statSync } from 'node:fs'
import { fileComplaint } from '../net/file.js'
import type { Glob } from './glob.js'

/** Deepest folder that is entered below a pattern's base. */
const MAX_DEPTH = 64
/** A time of change this recent may hide a later one, milliseconds: some file systems count in seconds. */
const COARSE_MS = 2000
/** A folder is read again at least this often, milliseconds: what a link leads to changes without the folder. */
const FULL_MS = 30_000

interface Folder {
  changed: number
  read: number
  /** Paths that match. */
  files: string[]
  /** Folders to enter, below the base. */
  folders: string[]
}

export class Walk {
  readonly #folders = new Map<string, Folder>()
  #seen = new Set<string>()
  readonly #told = new Set<string>()

  /** @param tell told once of each folder that cannot be read, and of `maxFolders` */
  constructor(
    private readonly glob: Glob,
    private readonly excluded: (path: string) => boolean,
    private readonly maxFolders: number,
    private readonly tell: (message: string) => void,
  ) {}

  /** Paths of files that match now, or of what is as good as a file; links are followed. */
  files(now: number): string[] {
    const { text } = this.glob
    // A name that a shell has already expanded may hold what looks like a pattern.
    const found = kindOf(text) === 'file' && !this.excluded(text) ? [text] : []
    this.#seen = new Set()
    this.#enter('', now, [], found)
    for (const known of this.#folders.keys()) if (!this.#seen.has(known)) this.#folders.delete(known)
    return found
  }

  /** @param above device and inode of the folders on the way, so that a link into one of them ends it */
  #enter(below: string, now: number, above: readonly string[], found: string[]): void {
    const path = this.glob.base + below
    try {
      const { dev, ino, mtimeMs } = statSync(path === '' ? '.' : path)
      const identity = `${dev}:${ino}`
      if (above.includes(identity) || above.length > MAX_DEPTH) return
      if (this.#seen.size >= this.maxFolders) return this.#full()
      this.#seen.add(below)
      let folder = this.#folders.get(below)
      if (folder === undefined || folder.changed !== mtimeMs || this.#old(folder, now)) {
        folder = this.#read(below, path, mtimeMs, now)
        this.#folders.set(below, folder)
      }
      this.#told.delete(path)
      for (const file of folder.files) if (file !== this.glob.text) found.push(file)
      const way = [...above, identity]
      for (const each of folder.folders) this.#enter(each, now, way, found)
    } catch (error) {
      this.#unreadable(path, error as NodeJS.ErrnoException)
    }
  }

  #old({ changed, read }: Folder, now: number): boolean {
    return read - changed < COARSE_MS || now - read >= FULL_MS
  }

  #read(below: string, path: string, changed: number, read: number): Folder {
    const folder: Folder = { changed, read, files: [], folders: [] }
    for (const entry of readdirSync(path === '' ? '.' : path, { withFileTypes: true })) {
      const inner = below === '' ? entry.name : `${below}/${entry.name}`
      const matches = this.glob.matches(inner) && !this.excluded(this.glob.base + inner)
      const enters = this.glob.enters(inner)
      if (!matches && !enters) continue
      const kind = entry.isSymbolicLink() ? kindOf(this.glob.base + inner) : entry.isDirectory() ? 'folder' : 'file'
      // What a link leads to may come later than the link.
      if (kind !== 'folder' && matches) folder.files.push(this.glob.base + inner)
      if (kind === 'folder' && enters) folder.folders.push(inner)
    }
    return folder
  }

  #full(): void {
    const { text } = this.glob
    const told = `${text}: more folders than --max-folders ${this.maxFolders}: not all are looked into`
    if (!this.#told.has(text)) this.tell(told)
    this.#told.add(text)
  }

  /** A folder that is not there, or no longer, has no files. */
  #unreadable(path: string, error: NodeJS.ErrnoException): void {
    if (error.code === undefined) throw error
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR' || this.#told.has(path)) return
    this.#told.add(path)
    this.tell(`${path}: cannot look into the folder: ${fileComplaint(error)}`)
  }
}

function kindOf(path: string): 'file' | 'folder' | 'none' {
  try {
    const found = statSync(path, { throwIfNoEntry: false })
    return found === undefined ? 'none' : found.isDirectory() ? 'folder' : 'file'
  } catch {
    return 'none'
  }
}
