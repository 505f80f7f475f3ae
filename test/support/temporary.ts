// A folder of a test's own.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'

/** What can wait for the end of a test. */
export type Ending = Pick<Test, 'teardown'>

/** A folder that goes with the test; its path is short enough for a socket. */
export function temporary(t: Ending): string {
  const folder = mkdtempSync(join(tmpdir(), 'solder-'))
  // A process that is just ending may still write.
  t.teardown(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }))
  return folder
}
