// The files of a recording: their names, which times each holds, and which of them stay.

import { readdir, readFile, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { replaceFile } from '../state/replace.js'

const INDEX = 'index.ndjson'
const NAME = /^records-\d{8}T\d{6}\.\d{3}Z\.ndjson\.gz$/

/** What the index says of a file. Times are Unix nanoseconds, decimal; absent where no record has a time. */
export interface Entry {
  file: string
  /** Times of the earliest and the latest record. */
  from?: string
  to?: string
  records: number
  /** Packed. */
  bytes: number
}

export interface Retention {
  /** Bytes of all files together. */
  bytes: number
  /** Milliseconds since a file was last written; undefined: any. */
  age: number | undefined
}

/** The name of a file begun at `millis`: by name is by time. */
export function fileName(millis: number): string {
  return `records-${new Date(millis).toISOString().replace(/[-:]/g, '')}.ndjson.gz`
}

/** Names of the files in a folder, oldest first. */
export async function filesIn(folder: string): Promise<string[]> {
  return (await readdir(folder)).filter((name) => NAME.test(name)).sort()
}

/** Files that are closed, by name. One that is not in it may hold any time: its writer runs, or was killed. */
export async function readIndex(folder: string): Promise<Map<string, Entry>> {
  const text = await readFile(join(folder, INDEX), 'utf8').catch(() => '')
  const entries = new Map<string, Entry>()
  for (const line of text.split('\n')) {
    const entry = entryOf(line)
    if (entry !== null) entries.set(entry.file, entry)
  }
  return entries
}

/** A line of the index; null if it is damaged, and its file one that may hold any time. */
function entryOf(line: string): Entry | null {
  try {
    const entry = JSON.parse(line) as Partial<Entry>
    const times = [entry.from, entry.to].every((time) => time === undefined || /^-?\d+$/.test(time))
    return typeof entry.file === 'string' && times ? (entry as Entry) : null
  } catch {
    return null
  }
}

export function writeIndex(folder: string, entries: ReadonlyMap<string, Entry>): Promise<void> {
  const sorted = [...entries.values()].sort((a, b) => (a.file < b.file ? -1 : 1))
  return replaceFile(join(folder, INDEX), sorted.map((entry) => JSON.stringify(entry) + '\n').join(''))
}

/**
 * Deletes the oldest files until the rest is within bounds, and forgets what is gone. Returns the names of those
 * deleted.
 */
export async function prune(
  folder: string, entries: Map<string, Entry>, { bytes, age }: Retention, now: number,
): Promise<string[]> {
  const names = await filesIn(folder)
  const found = await Promise.all(names.map((name) => stat(join(folder, name))))
  let total = found.reduce((sum, { size }) => sum + size, 0)
  const deleted: string[] = []
  for (const [i, name] of names.entries()) {
    if (total <= bytes && (age === undefined || found[i].mtimeMs >= now - age)) continue
    await rm(join(folder, name), { force: true })
    total -= found[i].size
    deleted.push(name)
  }
  for (const name of entries.keys()) if (deleted.includes(name) || !names.includes(name)) entries.delete(name)
  return deleted
}

/** Files of a folder that may hold records with `from` <= ts < `to`, oldest first. */
export async function filesWithin(folder: string, from: bigint | null, to: bigint | null): Promise<string[]> {
  const entries = await readIndex(folder)
  const names = (await filesIn(folder)).filter((name) => {
    const entry = entries.get(name)
    if (entry?.from === undefined || entry.to === undefined) return true
    return (from === null || BigInt(entry.to) >= from) && (to === null || BigInt(entry.from) < to)
  })
  return names.map((name) => join(folder, name))
}
