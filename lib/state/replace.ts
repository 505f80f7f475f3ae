// Files that are replaced as a whole: after a kill or a power cut either the old text is there or the new one.

import { type FileHandle, open, rename } from 'node:fs/promises'
import { dirname } from 'node:path'

/** Writes beside the file, forces it to the disk, renames it over the file. One writer at a time. */
export async function replaceFile(path: string, text: string): Promise<void> {
  const beside = `${path}.new`
  await synced(beside, 'w', (handle) => handle.writeFile(text))
  await rename(beside, path)
  await syncFolder(dirname(path))
}

/** Forces the names in a folder to the disk. */
export function syncFolder(folder: string): Promise<void> {
  return synced(folder, 'r', async () => {})
}

async function synced(path: string, flags: string, work: (handle: FileHandle) => Promise<void>): Promise<void> {
  const handle = await open(path, flags)
  try {
    await work(handle)
    await handle.sync()
  } finally {
    await handle.close()
  }
}
