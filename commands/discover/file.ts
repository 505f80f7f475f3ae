// discover file: targets from files of target groups, as they change.

import { type SourceContext, source } from '../../lib/component.js'
import { EXIT, Problem, throwAll } from '../../lib/diag/problem.js'
import { Files, type Refresh } from '../../lib/discovery/files.js'
import { type FilePattern, filePattern } from '../../lib/discovery/glob.js'
import { Known } from '../../lib/discovery/known.js'
import { repeat, Waker } from '../../lib/discovery/loop.js'
import { durationText } from '../../lib/option/value.js'

/** How soon folders are looked at again that are missing or had a change, milliseconds. */
const SOON_MS = 2000

type Refreshed = Pick<Refresh, 'problems' | 'unmatched'>

export default source({
  name: 'discover file',
  summary: 'make target records from files of target groups, as they change',
  description: `
    Reads Prometheus's file_sd format: a list of {targets: [HOST:PORT …], labels: {NAME: VALUE …}}, in JSON or YAML by
    the file's name. A target's labels are __address__, those of its group and __meta_filepath.

    Emits every target once with "state":"present", and once more with "state":"gone" when no group has it any longer.
    Files are read when they change, appear or go, and at least every --every. What cannot be read or understood is told
    with its place, and keeps the targets that it had.`,
  since: '0.1.0',
  accepts: [],
  emits: ['target'],
  guarantee: 'What stands in the files when it ends has been emitted; a state between two reads is not.',
  args: [
    {
      name: 'GLOB',
      help: 'a .json, .yml or .yaml file; *, ? and [a-z] in the last part',
      required: true,
      variadic: true,
      path: true,
    },
  ],
  options: {
    every: { type: 'duration', default: '5m', min: '1s', help: 'read all files at least this often', since: '0.1.0' },
    once: { type: 'bool', help: 'read once and end', since: '0.1.0' },
    max_file_bytes: { type: 'bytes', default: '64MiB', help: 'largest file accepted', since: '0.1.0', group: 'Bounds' },
  },
  check({ args }) {
    patternsOf(args)
  },
  examples: [
    {
      command: `solder discover file 'targets/*.yml' | solder scrape --every 15s`,
      about: 'scrape what the files name',
      needs: 'files of targets',
    },
    {
      command: 'solder discover file targets.json --once',
      about: 'show the targets of a file',
      needs: 'a file of targets',
    },
  ],
  async run({ args, options }, context) {
    const patterns = patternsOf(args)
    const known = new Known('__meta_filepath')
    const files = new Files(patterns, known, options.max_file_bytes)
    const refresh = async () => {
      const { problems, unmatched } = await files.refresh()
      const batch = known.changes()
      if (batch.length > 0) await context.emit(batch)
      return { problems, unmatched }
    }
    if (options.once) {
      const { problems, unmatched } = await refresh()
      throwAll([
        ...problems,
        ...unmatched.map(({ text }) => new Problem('no such file', { place: { file: text }, exit: EXIT.failed })),
      ])
    } else await follow(files.folders, options.every, context, refresh)
  },
})

async function follow(
  folders: readonly string[],
  every: number,
  context: SourceContext,
  refresh: () => Promise<Refreshed>,
): Promise<void> {
  const waker = new Waker()
  const { FolderWatch } = await import('../../lib/discovery/watch.js')
  const unwatched = ({ message }: Error) =>
    context.log.warn(`not watching, but reading every ${durationText(every)}: ${message}`)
  const watch = new FolderWatch(folders, () => waker.wake(), unwatched)
  let settled = true
  const told = new Set<string>()
  const work = async () => {
    settled = watch.renew()
    const { problems, unmatched } = await refresh()
    for (const { text } of unmatched) if (!told.has(text)) context.log.warn(`${text}: no file matches`)
    for (const { text } of unmatched) told.add(text)
    throwAll(problems)
  }
  try {
    await repeat(() => (settled ? every : Math.min(every, SOON_MS)), context, work, waker)
  } finally {
    await watch.close()
  }
}

function patternsOf(args: readonly string[]): FilePattern[] {
  const problems: Problem[] = []
  const patterns = args.flatMap((arg) => {
    try {
      return [filePattern(arg)]
    } catch (error) {
      if (!(error instanceof Problem)) throw error
      problems.push(error)
      return []
    }
  })
  throwAll(problems)
  return patterns
}
