// ledger: the accounts of the stages of a pipe, added up; of a running pipeline or from what was written.

import { readFile } from 'node:fs/promises'
import { ADMIN_CLIENT_OPTIONS } from '../../lib/admin/client.js'
import { entryOf, type PipeLedger } from '../../lib/admin/state.js'
import { tool, type ToolContext } from '../../lib/component.js'
import { collect, EXIT, Problem, throwAll } from '../../lib/diag/problem.js'
import { stdinChunks } from '../../lib/io/input.js'
import { type Entry, gapsOf, parseEntry, tableOf } from '../../lib/ledger/ledger.js'

const FEED = `printf '{"stage":"a","in":0,"made":2,"out":2,"dropped":{},"pending":0,"in_bytes":0,"out_bytes":90}\\n'`

export default tool({
  name: 'ledger',
  summary: 'add up the accounts of the stages of a pipe',
  description: `
    Without files, asks the pipeline that 'solder run FILE' keeps running, and prints the balance sheet of each pipe:
    a line for each stage, and one for what waits before each of several branches. It is that of the processes of the
    moment.

    With files, reads what the stages of a pipe wrote with --ledger. A FILE holds what one stage wrote to stderr: its
    last account counts, all other lines are passed over; the files stand in the order of the pipe. '-' is stdin, with
    one account a line, in that order.

    In every stage in + made must be out + dropped + pending, and what goes out of one must come into the next; else
    it says what is missing, or too many, and where, and the exit code is 1. A checkpoint counts as a record. Bytes
    are shown and not judged: a program between two stages may write the same records otherwise.`,
  since: '0.1.0',
  args: [{ name: 'FILE', help: 'accounts, a file a stage; - for stdin', variadic: true, path: true }],
  options: {
    settled: { type: 'bool', help: 'a record that is still pending is a gap as well', since: '0.1.0' },
    ...ADMIN_CLIENT_OPTIONS,
  },
  examples: [
    {
      command:
        'solder scrape host --once --ledger 2> a.json | solder write file host.ndjson --ledger 2> b.json' +
        ' && solder ledger a.json b.json',
      about: 'whether all that was scraped is in the file',
    },
    { command: `${FEED} | solder ledger -`, about: 'accounts on stdin' },
    { command: 'solder ledger', about: 'whether a running pipeline has lost anything', needs: 'a running pipeline' },
  ],
  async run({ args, options }, context) {
    if (args.length === 0) {
      const { AdminClient } = await import('../../lib/admin/client.js')
      const { pipes } = (await new AdminClient(options).json('/api/v1/ledger')) as { pipes: PipeLedger[] }
      return balance(pipes, options.settled, context)
    }
    const problems: Problem[] = []
    const entries: Entry[] = []
    for (const file of args) await collect(problems, async () => void entries.push(...(await entriesOf(file))))
    throwAll(problems)
    const gaps = gapsOf(entries, options.settled)
    await context.print(tableOf(entries) + gaps.map((gap) => `gap: ${gap}\n`).join(''))
    return gaps.length === 0 ? EXIT.done : EXIT.failed
  },
})

async function balance(pipes: readonly PipeLedger[], settled: boolean, context: ToolContext): Promise<number> {
  let exit: number = EXIT.done
  for (const [i, { name, stages, gaps }] of pipes.entries()) {
    const held = settled ? stages.filter((entry) => entry.pending > 0) : []
    const pending = held.map((entry) => `${entry.stage}: ${entry.pending} pending`)
    const told = [...gaps, ...pending]
    if (told.length > 0) exit = EXIT.failed
    const lines = told.map((gap) => `gap: ${gap}\n`).join('')
    await context.print(`${i === 0 ? '' : '\n'}${name}\n${tableOf(stages.map(entryOf))}${lines}`)
  }
  return exit
}

async function entriesOf(file: string): Promise<Entry[]> {
  if (file !== '-') return [await lastEntry(file)]
  const entries = entriesIn(await stdinText())
  if (entries.length === 0) throw none('stdin')
  return entries
}

function entriesIn(text: string): Entry[] {
  return text.split('\n').map(parseEntry).filter((entry) => entry !== null)
}

async function lastEntry(file: string): Promise<Entry> {
  const text = await readFile(file, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    throw new Problem(`cannot read ${file}: ${cause.code}`, { cause, expected: 'a file' })
  })
  const entry = entriesIn(text).at(-1)
  if (entry === undefined) throw none(file)
  return entry
}

function none(where: string): Problem {
  return new Problem(`${where} holds no account`, { expected: 'a line that a stage wrote with --ledger' })
}

async function stdinText(): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of stdinChunks(new AbortController().signal)) chunks.push(Buffer.from(chunk))
  return Buffer.concat(chunks).toString()
}
