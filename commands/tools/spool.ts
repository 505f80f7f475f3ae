// spool: what write commands hold on disk, looked at and repaired.

import { tool, type ToolContext } from '../../lib/component.js'
import { didYouMean, Problem } from '../../lib/diag/problem.js'
import { tailText } from '../../lib/record/record.js'
import { nanosOfMillis } from '../../lib/record/time.js'
import type { Part } from '../../lib/spool/inspect.js'

const ACTIONS = ['ls', 'cat', 'grep', 'fsck', 'trim']

export default tool({
  name: 'spool',
  summary: 'look at what is held on disk to be sent, and repair it',
  description: `
    DIR is the --state folder of a command, or the folder of one of its spools. 'ls' prints a line of JSON for every
    request: where it is, when it was made, its records and bytes, and whether it waits, is done, torn or corrupt. 'cat'
    prints the records that wait, 'grep' those of them whose line holds TEXT. All three work while the spool is in use.

    'fsck' moves what is damaged out of the files, into files '.corrupt' beside them, and leaves everything else as it
    is; exit code 1 says that there was damage. 'trim' removes what was set aside, and files that hold nothing that
    waits; with --keep-bytes also the oldest that wait. Both need a spool that no command uses. A command that opens a
    spool reads past damage by itself: a folder need not be deleted.`,
  since: '0.1.0',
  args: [
    { name: 'ACTION', help: 'what to do', required: true, values: ACTIONS },
    { name: 'DIR', help: 'the folder of --state, or of one spool', required: true, path: true },
    { name: 'TEXT', help: 'what grep looks for' },
  ],
  options: {
    keep_bytes: {
      type: 'bytes',
      help: 'trim what waits, oldest first, until no more than this is left',
      since: '0.1.0',
    },
  },
  examples: [
    { command: 'solder spool ls /var/lib/solder/host', about: 'show what waits', needs: 'a spool' },
    {
      command: 'solder spool cat /var/lib/solder/host | solder view',
      about: 'show the records that wait',
      needs: 'a spool',
    },
  ],
  async run({ args, options }, context) {
    const [action, dir, text] = args
    if (!ACTIONS.includes(action)) {
      const details = { expected: ACTIONS.join(', '), hint: didYouMean(action, ACTIONS) }
      throw new Problem(`unknown action '${action}'`, details)
    }
    if ((action === 'grep') !== (text !== undefined)) {
      throw new Problem(action === 'grep' ? 'argument TEXT is missing' : `TEXT is for grep, not for ${action}`)
    }
    const { spoolsIn } = await import('../../lib/spool/inspect.js')
    let code = 0
    for (const folder of await spoolsIn(dir)) {
      if (action === 'ls') await list(folder, context)
      else if (action === 'cat' || action === 'grep') await cat(folder, text ?? '', context)
      else if (action === 'fsck') code = Math.max(code, await fsck(folder, context))
      else await trimmed(folder, options.keep_bytes ?? Infinity, context)
    }
    return code
  },
})

/** Every part of a spool, with whether it waits. */
async function* partsOf(folder: string): AsyncGenerator<{ part: Part; path: string; waiting: boolean }> {
  const { partsWithBodies, waits } = await import('../../lib/spool/inspect.js')
  const { scanFolder } = await import('../../lib/spool/scan.js')
  const { segments, offsets } = await scanFolder(folder)
  for (const segment of segments) {
    for await (const part of partsWithBodies(segment)) {
      yield { part, path: segment.path, waiting: part.head !== null && waits(offsets.values(), part.head.seq) }
    }
  }
}

async function list(folder: string, { print }: ToolContext): Promise<void> {
  for await (const { part, path, waiting } of partsOf(folder)) {
    const { kind, head, from, to } = part
    const state = kind === 'entry' ? (waiting ? 'waiting' : 'done') : kind
    const known = head === null ? {} : { seq: head.seq, ts: nanosOfMillis(head.time), records: head.records }
    await print(`${JSON.stringify({ path, offset: from, bytes: to - from, state, ...known })}\n`)
  }
}

async function cat(folder: string, text: string, { print, log }: ToolContext): Promise<void> {
  const { recordsOfBody } = await import('../../lib/delivery/body.js')
  const { loadSnappy } = await import('../../lib/wire/snappy.js')
  const snappy = await loadSnappy()
  for await (const { part, path, waiting } of partsOf(folder)) {
    if (part.kind !== 'entry') log.warn(`${path}:${part.from}: ${part.kind}`)
    else if (waiting) {
      const records = recordsOfBody(part.entry.body, snappy, part.entry.format)
      const lines = records.map(({ identity, payload }) => identity.prefix.toString() + tailText(identity, payload))
      await print(lines.filter((line) => line.includes(text)).join(''))
    }
  }
}

async function fsck(folder: string, { print }: ToolContext): Promise<number> {
  const { repair, withSpool } = await import('../../lib/spool/inspect.js')
  const aside = await withSpool(folder, (found) => repair(folder, found))
  for (const path of aside) await print(`${path}\n`)
  return aside.length === 0 ? 0 : 1
}

async function trimmed(folder: string, keep: number, { print }: ToolContext): Promise<void> {
  const { trim, withSpool } = await import('../../lib/spool/inspect.js')
  const { files, records } = await withSpool(folder, (found) => trim(folder, found, keep))
  await print(`${JSON.stringify({ path: folder, removed_files: files, given_up_records: records })}\n`)
}
