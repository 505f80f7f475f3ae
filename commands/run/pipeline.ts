// run: a pipe in one process.

import { findEntry, parseInput } from '../../lib/cli/command.js'
import { tool } from '../../lib/component.js'

export default tool({
  name: 'run',
  summary: 'run a pipe in one process',
  description: `
    Runs the stages of a pipe in one process. Records pass between them in memory, not as lines, which costs a fraction of
    what the same pipe costs in a shell; what it writes is the same, byte for byte.

    The words of a stage are those of its command, and are quoted as in a shell: '…', "…", \\, # for a comment; a pipe may
    take several lines. No shell runs them: variables, redirections, substitutions, lists of commands and programs other
    than solder's own are errors. Everything wrong in the words is told at once, with its place, before anything is set up;
    everything wrong in the files that filters and sinks need is told at once before a source starts.

    The first stage reads stdin, the last one writes stdout, and each has its own log, account and dead letter, as in a
    shell. Between stages in one process there are no bytes: --ledger counts records there, and none of them. A stage that
    follows one with --on-bad pass, or that has narrower bounds, reads lines all the same. Only the padding of 'view'
    depends on what comes together, as it does in a shell.

    The exit code is that of the last stage that had one other than 0, as in a shell after 'set -o pipefail'. SIGTERM and
    SIGINT reach all stages: sources stop, what is in flight drains.`,
  since: '0.1.0',
  args: [],
  options: {
    execute: { type: 'string', value: 'PIPE', short: 'e', required: true, help: "the pipe: stages joined by '|'", since: '0.1.0' },
  },
  examples: [
    {
      command: "solder run -e 'scrape host --once --collector loadavg | relabel --set site=attic | write file load.ndjson'",
      about: 'read, relabel and store in one process',
    },
    {
      command:
        "solder run -e 'scrape http://127.0.0.1:9100/metrics --every 15s | write prometheus http://127.0.0.1:9090/api/v1/write'",
      about: 'do the work of an agent',
      needs: 'a target and a receiver',
    },
  ],
  async run({ options }, _context, catalogue) {
    const { planPipe } = await import('../../lib/pipeline/plan.js')
    const { runFused } = await import('../../lib/pipeline/fused.js')
    const { processSeat } = await import('../../lib/io/run.js')
    const source = { name: '-e', text: options.execute }
    const find = (words: readonly string[]) => findEntry(catalogue, words)
    return runFused(await planPipe(source, { find, parse: parseInput }), processSeat())
  },
})
