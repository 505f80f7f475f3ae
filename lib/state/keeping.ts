// What a stage knows, kept from the end of one run to the start of the next. After a kill there is nothing: what was kept
// before would not know what has come since.

import type { Log } from '../component.js'
import type { Record } from '../record/record.js'
import { SavedRecords } from './saved.js'

interface Restoring {
  restore(record: Record): void
}

export interface Keeping {
  /** null: nothing is kept. */
  readonly saved: SavedRecords | null
  /** The same stage, with what it knew. Throws a Problem. */
  restored<S extends Restoring>(stage: S): Promise<S>
}

/**
 * @param folder that of `--state`
 * @param name of the stage
 */
export function keeping(folder: string | undefined, name: string, log: Log): Keeping {
  const saved = folder === undefined ? null : new SavedRecords(folder, name, log)
  return {
    saved,
    restored: async (stage) => {
      if (saved === null) return stage
      await saved.hold()
      for (const record of saved.read()) stage.restore(record)
      saved.save([])
      return stage
    },
  }
}
