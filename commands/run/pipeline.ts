// run: a whole pipeline, kept running; or one pipe in one process.

import { ADMIN_OPTIONS, serverValues } from '../../lib/admin/options.js'
import { findEntry, languageOf, parseInput } from '../../lib/cli/command.js'
import { type Catalogue, tool } from '../../lib/component.js'
import { Problem } from '../../lib/diag/problem.js'
import type { OptionTable, OptionValues } from '../../lib/option/table.js'
import { BRANCH_OPTIONS, branchComplaint } from '../../lib/pipeline/branch_options.js'

const since = '0.1.0'
const GROUP = { since, group: 'Supervisor' } as const

const OPTIONS = {
  execute: {
    type: 'string',
    value: 'PIPE',
    short: 'e',
    help: "run one pipe in this process: stages joined by '|'",
    since,
  },
  once: {
    ...GROUP,
    type: 'bool',
    help: 'end when all pipes have ended, with the worst exit code; sources that can run once do so',
  },
  watch: { ...GROUP, type: 'bool', help: 'reload when a pipeline file changes, or a file of rules' },
  max_memory: {
    ...GROUP,
    type: 'bytes',
    help: 'memory that the process of a pipe may take; beyond, it is started anew',
  },
  drain: { ...GROUP, type: 'duration', default: '25s', help: 'time that a pipe has for draining; then it is killed' },
  ...BRANCH_OPTIONS,
  log_format: {
    ...GROUP,
    type: 'enum',
    values: ['auto', 'text', 'json'],
    default: 'auto',
    help: 'form of the log, of all pipes too; auto is text on a terminal and NDJSON elsewhere',
  },
  log_level: {
    ...GROUP,
    type: 'enum',
    values: ['debug', 'info', 'warn', 'error'],
    default: 'info',
    help: 'least severe events to log',
  },
  child: {
    ...GROUP,
    type: 'string',
    value: 'NAME',
    help: 'be the process of one pipe: for the supervisor, which starts these',
  },
  ...ADMIN_OPTIONS,
} as const satisfies OptionTable

export default tool({
  name: 'run',
  summary: 'keep a pipeline running, or run a pipe in one process',
  description: `
    Runs the pipes of pipeline files, a process for each: in a container, under systemd, or for a test with --once.
    Everything is checked before anything is opened; if a pipe cannot be started, none is. A pipe that fails is started
    again: soon after exit code 75, never after 2, after others with waits that grow to a minute and begin anew when it
    ran for a minute. Of several branches that come together or part, one that fails is started again by itself, and
    the others go on; what waits for it is bounded by --branch-buffer, in memory, or on the disk with --branch-full
    spool. Programs that are not solder ('exec') are children of the pipe's process. No process outlives the
    supervisor, not even kill -9 of it.

    SIGTERM and SIGINT: sources stop, what is in flight drains, exit 0. The same happens when its terminal goes away,
    and when a program of Node that started it with an IPC channel (fork) has ended, however it did. SIGHUP, POST
    /-/reload and --watch read the files again: all of it is checked and started, or what ran before goes on and the
    log and the caller are told why. A pipe is started anew if its words changed, or a file of rules that one of its
    stages read at its start; others are not touched. The supervisor listens for servers of pipes and hands the
    connections over, so that a reload refuses none.

    The log is one line an event on stderr. The admin server tells health, metrics, accounts and what passes every
    stage: see 'tap', 'top' and 'ledger'. The configuration goes to the processes by descriptor, never by arguments.

    With -e, the stages of one pipe run in this process, without supervision: what it writes is the same as in a shell,
    byte for byte. Words are quoted as in a shell, but none runs them: '…', "…", \\, # for a comment. The exit code is
    that of the last stage that had one other than 0, as in a shell after 'set -o pipefail'. Between stages in one
    process there are no bytes: --ledger counts records there, and none of them.`,
  since,
  args: [
    {
      name: 'FILE',
      help: "pipeline files, or folders of them; 'solder.yaml' and its like if there is none",
      variadic: true,
      path: true,
    },
  ],
  options: OPTIONS,
  examples: [
    {
      command:
        "solder run -e 'scrape host --once --collector loadavg | relabel --set site=attic" +
        " | write file load.ndjson'",
      about: 'read, relabel and store in one process',
    },
    {
      command: 'solder run solder.yaml --watch',
      about: 'keep a pipeline running, and take up its changes',
      needs: 'a pipeline file',
    },
    { command: 'solder run --once solder.yaml --http off', about: 'run it to its end', needs: 'a pipeline file' },
  ],
  async run({ args, options }, _context, catalogue) {
    if (options.child !== undefined) {
      const { runChild } = await import('../../lib/supervisor/run.js')
      return runChild(catalogue)
    }
    if (options.execute !== undefined) {
      if (args.length > 0) throw new Problem('-e and pipeline files exclude each other', { expected: 'one of them' })
      return runText(options.execute, catalogue)
    }
    return runFiles(args, options, catalogue)
  },
})

async function runText(text: string, catalogue: Catalogue): Promise<number> {
  const { planPipe } = await import('../../lib/pipeline/plan.js')
  const { runFused } = await import('../../lib/pipeline/fused.js')
  const { processSeat } = await import('../../lib/io/run.js')
  const find = (words: readonly string[]) => findEntry(catalogue, words)
  return runFused(await planPipe({ name: '-e', text }, { find, parse: parseInput }), processSeat())
}

async function runFiles(
  paths: readonly string[], options: OptionValues<typeof OPTIONS>, catalogue: Catalogue,
): Promise<number> {
  const { runPipeline } = await import('../../lib/supervisor/run.js')
  const { adminServer } = await import('../../lib/admin/server.js')
  const serve = options.http === 'off' ? null : adminServer(serverValues(options))
  const { log_format: format, once, watch, drain, max_memory } = options
  const complaint = branchComplaint(options, '--branch-state')
  if (complaint !== null) throw complaint
  const run = {
    paths,
    language: languageOf(catalogue),
    branch: options,
    maxMemory: max_memory ?? null,
    drain,
    once,
    watch,
    logFormat: format === 'auto' ? (process.stderr.isTTY ? 'text' : 'json') : format,
    logLevel: options.log_level,
  } as const
  return runPipeline(run, serve)
}
