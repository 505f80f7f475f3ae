// A spool seen from outside: what it holds, what is damaged, and what may be removed.

import { open, readdir, rename, rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { Entry } from './frame.js'
import { lockFolder, unlock } from './lock.js'
import { OFFSET_NAME, type Offset } from './offset.js'
import { type Scan, scanFolder, setOffsetAside } from './scan.js'
import { type Damage, type Found, segmentFirst, SegmentReader } from './segment.js'
import { problemOf, type Segment } from './writer.js'

export type Part = Damage | (Found & { readonly entry: Entry })

/** The folders of spools in a folder, itself or below, sorted. Throws a Problem where it cannot be read. */
export async function spoolsIn(folder: string): Promise<string[]> {
  const names = await readdir(folder, { recursive: true }).catch((error: unknown) => {
    throw problemOf(error, `cannot read ${folder}`)
  })
  const found = new Set<string>()
  for (const name of names) {
    const file = basename(name)
    if (segmentFirst(file) !== undefined || OFFSET_NAME.test(file)) found.add(join(folder, name, '..'))
  }
  return [...found].sort()
}

/** Whether an entry is still to be read by somebody. */
export function waits(offsets: Iterable<Offset>, seq: number): boolean {
  let readers = 0
  for (const { next, open } of offsets) {
    if (seq >= next || open.includes(seq)) return true
    readers++
  }
  return readers === 0
}

/** What a segment holds, in order; nothing if it was removed meanwhile. */
export async function* partsWithBodies(segment: Segment): AsyncGenerator<Part> {
  const file = await SegmentReader.open(segment.path, () => true).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null
    throw error
  })
  if (file === null) return
  try {
    for (let found = await file.next(segment.size); found !== null; found = await file.next(segment.size)) {
      yield found.kind === 'entry' ? { ...found, entry: { ...found.head, body: found.body } } : found
    }
  } finally {
    await file.close()
  }
}

/** Does something to a spool that nobody uses. Throws a Problem where somebody does. */
export async function withSpool<T>(folder: string, work: (found: Scan) => Promise<T>): Promise<T> {
  const lock = await lockFolder(folder)
  try {
    return await work(await scanFolder(folder))
  } finally {
    await unlock(lock)
  }
}

/** Sets damaged bytes aside, each run of them in a file of its own; what is whole stays. Returns those files. */
export async function repair(folder: string, { segments, damaged }: Scan): Promise<string[]> {
  const aside: string[] = []
  for (const name of damaged) {
    await setOffsetAside(folder, name)
    aside.push(join(folder, `${name}.corrupt`))
  }
  for (const segment of segments) {
    const damage: Damage[] = []
    const whole: Found[] = []
    for await (const part of partsWithBodies(segment)) {
      if (part.kind === 'entry') whole.push({ ...part, body: Buffer.alloc(0) })
      else damage.push(part)
    }
    if (damage.length > 0) aside.push(...(await rewrite(segment, whole, damage)))
  }
  return aside
}

/** Replaces a segment by one without its damage. */
async function rewrite({ path }: Segment, whole: readonly Found[], damage: readonly Damage[]): Promise<string[]> {
  const aside = damage.map(({ from }) => `${path}.${from}.corrupt`)
  const file = await SegmentReader.open(path, () => false)
  try {
    for (const [i, { from, to }] of damage.entries()) await write(aside[i], file, [{ from, to }])
    await write(`${path}.tmp`, file, whole)
  } finally {
    await file.close()
  }
  await rename(`${path}.tmp`, path)
  return aside
}

/** Copies these bytes of a file to a new one. */
async function write(
  path: string,
  file: SegmentReader,
  ranges: readonly { from: number; to: number }[],
): Promise<void> {
  const handle = await open(path, 'w')
  try {
    for (const { from, to } of ranges) await handle.writeFile(await file.read(from, to))
    await handle.sync()
  } finally {
    await handle.close()
  }
}

export interface Trimmed {
  files: number
  /** Records that were still waiting. */
  records: number
}

/** Removes what was set aside, what nobody waits for, and, oldest first, what is beyond `keep` bytes. */
export async function trim(folder: string, { segments, offsets }: Scan, keep: number): Promise<Trimmed> {
  const trimmed: Trimmed = { files: 0, records: 0 }
  for (const name of await readdir(folder)) {
    if (!name.endsWith('.corrupt')) continue
    await rm(join(folder, name))
    trimmed.files++
  }
  let bytes = segments.reduce((sum, { size }) => sum + size, 0)
  for (const segment of segments) {
    let records = 0
    let waiting = 0
    for await (const part of partsWithBodies(segment)) {
      if (part.head === null || !waits(offsets.values(), part.head.seq)) continue
      waiting++
      records += part.head.records
    }
    if (waiting > 0 && bytes <= keep) continue
    await rm(segment.path)
    bytes -= segment.size
    trimmed.files++
    trimmed.records += records
  }
  return trimmed
}
