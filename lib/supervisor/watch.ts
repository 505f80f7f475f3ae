// The files of a running pipeline, watched for changes.

/** Milliseconds for which files have to be quiet: an editor writes more than once. */
const QUIET = 200

/**
 * Calls `changed` with a file that has changed, from when it resolves until the signal.
 * @param files the files of the moment, which may be missing; asked for again after a change, since they may be others
 *   then. What was looked at once is looked at until the end
 */
export async function watchFiles(
  files: () => readonly string[], changed: (file: string) => Promise<void>, signal: AbortSignal,
): Promise<void> {
  const { watch } = await import('chokidar')
  const watcher = watch([...files()], { ignoreInitial: true })
  await new Promise<void>((resolve) => watcher.once('ready', resolve))
  let timer: NodeJS.Timeout | undefined
  watcher.on('all', (_, file) => {
    clearTimeout(timer)
    timer = setTimeout(() => void changed(file).then(() => watcher.add([...files()])), QUIET)
  })
  signal.addEventListener('abort', () => {
    clearTimeout(timer)
    void watcher.close()
  })
}
