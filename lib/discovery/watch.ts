// Changes in folders. Loads chokidar: import it when something is to be watched.

import { watch } from 'chokidar'

export interface Watch {
  close(): Promise<void>
}

/**
 * Calls `changed` when anything directly in one of the folders may have changed, and once when watching has begun.
 * Links are followed: a ConfigMap's files change by the link of their folder.
 */
export function watchFolders(folders: readonly string[], changed: () => void, failed: (error: Error) => void): Watch {
  const watcher = watch([...folders], { depth: 0, ignoreInitial: true })
  watcher
    .on('all', changed)
    .on('ready', changed)
    .on('error', (error) => failed(error as Error))
  return { close: () => watcher.close() }
}
