// What a folder holds: segments, offsets, and the heads of the entries.

import { readdir, rename, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { HEAD_BYTES } from './frame.js'
import { loadOffset, type Offset, OFFSET_NAME } from './offset.js'
import { type Damage, type Found, segmentFirst, SegmentReader } from './segment.js'
import type { Segment } from './writer.js'

export interface Scan {
  /** Oldest first. */
  segments: Segment[]
  /** Files that were begun, and hold nothing. */
  empty: string[]
  offsets: Map<string, Offset>
  /** Names of offset files that nobody can read. */
  damaged: string[]
  /** No entry has a greater number. */
  last: number
}

/** Reads a folder. It may be in use: what goes away meanwhile was not there. */
export async function scanFolder(folder: string): Promise<Scan> {
  const found: Scan = { segments: [], empty: [], offsets: new Map(), damaged: [], last: 0 }
  for (const name of (await readdir(folder)).sort()) {
    const path = join(folder, name)
    const first = segmentFirst(name)
    const reader = OFFSET_NAME.exec(name)?.[1]
    if (first !== undefined) await addSegment(found, path, first)
    else if (reader !== undefined) {
      const offset = await loadOffset(path)
      if (offset === null) found.damaged.push(name)
      else {
        found.offsets.set(reader, offset)
        found.last = Math.max(found.last, offset.next - 1)
      }
    }
  }
  const newest = found.segments.at(-1)
  if (newest !== undefined) found.last = Math.max(found.last, await lastOf(newest))
  return found
}

/**
 * The number of the last entry, or a greater one: damaged bytes may have been as many entries as they have room for.
 */
async function lastOf(segment: Segment): Promise<number> {
  let last = segment.first - 1
  for await (const { head, from, to } of partsOf(segment)) {
    last = head === null ? last + Math.ceil((to - from) / HEAD_BYTES) : Math.max(last, head.seq)
  }
  return last
}

async function addSegment(found: Scan, path: string, first: number): Promise<void> {
  const there = await stat(path).catch(() => null)
  if (there === null) return
  if (there.size === 0) found.empty.push(path)
  else found.segments.push({ path, first, size: there.size, newest: there.mtimeMs })
}

/** The entries of a segment, without bodies, and what is damaged. */
export async function* partsOf(segment: Segment): AsyncGenerator<Found | Damage> {
  const file = await SegmentReader.open(segment.path, () => false)
  try {
    for (let found = await file.next(segment.size); found !== null; found = await file.next(segment.size)) yield found
  } finally {
    await file.close()
  }
}

/** A damaged offset goes out of the way: its reader begins anew. */
export async function setOffsetAside(folder: string, name: string): Promise<void> {
  await rename(join(folder, name), join(folder, `${name}.corrupt`))
}
