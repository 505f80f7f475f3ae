// Where tests are: golden folders and pipeline files with tests, in a folder and in all below it.

import { readdir, readFile, stat } from 'node:fs/promises'
import { extname, join } from 'node:path'
import { Problem } from '../diag/problem.js'
import { fileComplaint } from '../net/file.js'

export interface Found {
  /** Folders with a `cmd`. */
  readonly folders: readonly string[]
  /** Pipeline files. */
  readonly files: readonly string[]
}

/** The tests of a file or folder, by name. Throws a Problem if there are none. */
export async function findTests(path: string): Promise<Found> {
  const found = await stat(path).catch((cause: unknown) => {
    throw new Problem(`cannot read ${path}: ${fileComplaint(cause)}`, { cause, expected: 'a folder or a pipeline file' })
  })
  if (!found.isDirectory()) return { folders: [], files: [path] }
  const tests = await inFolder(path)
  if (tests.folders.length > 0 || tests.files.length > 0) return tests
  throw new Problem(`there are no tests in ${path}`, { expected: "folders with 'cmd', or pipeline files with 'tests'" })
}

async function inFolder(folder: string): Promise<Found> {
  const entries = (await readdir(folder, { withFileTypes: true })).sort((a, b) => (a.name < b.name ? -1 : 1))
  if (entries.some((entry) => entry.name === 'cmd' && entry.isFile())) return { folders: [folder], files: [] }
  const folders: string[] = []
  const files: string[] = []
  for (const entry of entries) {
    const path = join(folder, entry.name)
    if (entry.name.startsWith('.') || entry.name === 'node_modules') continue
    if (entry.isDirectory()) {
      const below = await inFolder(path)
      folders.push(...below.folders)
      files.push(...below.files)
    } else if (await holdsTests(path)) files.push(path)
  }
  return { folders, files }
}

/** Other files of data stand beside pipeline files: rules, targets, what a pipeline file imports. */
async function holdsTests(path: string): Promise<boolean> {
  if (!['.yaml', '.yml', '.json'].includes(extname(path))) return false
  const text = await readFile(path, 'utf8')
  if (!text.includes('tests')) return false
  const { parseDocument, isMap } = await import('yaml')
  const { contents, errors } = parseDocument(text, { prettyErrors: false, uniqueKeys: false })
  // What is no YAML, and would have tests, is to be told.
  return errors.length > 0 ? /^tests\s*:/m.test(text) : isMap(contents) && contents.has('tests')
}
