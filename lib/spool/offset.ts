// How far a reader has come: a small file, replaced by rename.

import { open, readFile, rename } from 'node:fs/promises'
import { crc32c } from './crc32c.js'

export interface Offset {
  /** Entries below were read, ... */
  next: number
  /** ... and done with, but for these, in order. */
  open: readonly number[]
}

/** Readers by the name of their file. */
export const OFFSET_NAME = /^([a-z][a-z0-9_]*)\.offset$/

/** null if the file is damaged. Throws if it cannot be read. */
export async function loadOffset(path: string): Promise<Offset | null> {
  const text = await readFile(path, 'utf8')
  const match = /^(\{.*\}) ([0-9a-f]{8})\n$/.exec(text)
  if (match === null || checksum(match[1]) !== match[2]) return null
  return JSON.parse(match[1]) as Offset
}

/** The file is the old one or the new one, whole, at any time; after a power cut only with `sync`. */
export async function saveOffset(path: string, offset: Offset, sync: boolean): Promise<void> {
  const text = JSON.stringify({ next: offset.next, open: offset.open })
  const fresh = `${path}.tmp`
  const handle = await open(fresh, 'w')
  try {
    await handle.writeFile(`${text} ${checksum(text)}\n`)
    if (sync) await handle.datasync()
  } finally {
    await handle.close()
  }
  await rename(fresh, path)
}

function checksum(text: string): string {
  return crc32c(Buffer.from(text)).toString(16).padStart(8, '0')
}
