// The files of a running pipeline, watched for changes.

import type { Supervisor } from './supervisor.js'

/** Milliseconds for which files have to be quiet: an editor writes more than once. */
const QUIET = 200

/** Calls `changed` with a file that has changed, until the signal. */
export async function watchFiles(supervisor: Supervisor, changed: (file: string) => void, signal: AbortSignal): Promise<void> {
  const { watch } = await import('chokidar')
  const watcher = watch([...supervisor.files], { ignoreInitial: true })
  let timer: NodeJS.Timeout | undefined
  watcher.on('all', (_, file) => {
    clearTimeout(timer)
    timer = setTimeout(() => {
      changed(file)
      // A reload may bring other files.
      watcher.add([...supervisor.files])
    }, QUIET)
  })
  signal.addEventListener('abort', () => {
    clearTimeout(timer)
    void watcher.close()
  })
}
