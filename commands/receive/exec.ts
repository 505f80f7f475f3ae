// receive exec: the lines that a program writes, to logs.

import { source } from '../../lib/component.js'
import { collect, Problem, throwAll } from '../../lib/diag/problem.js'
import { LINE_OPTIONS } from '../../lib/receive/line_options.js'
import { checkEncoding } from '../../lib/wire/lines/encoding.js'

const since = '0.1.0'
const RESTART = 'Restart'

export default source({
  name: 'receive exec',
  summary: 'run a program and make a log record of each line that it writes',
  description: `
    Runs CMD with its arguments, as they stand: no shell reads them. Each line that it writes becomes a log record
    with the label stream, 'stdout' or 'stderr'. Behind '--' an argument may begin with a dash. Its stdin is empty.

    With --restart never, solder ends when the program does: with 0 where that ended with 0, else with 1, and the code
    is told. With on-failure it is started again unless it ended with 0, with always in any case; the wait grows from
    --min-backoff to --max-backoff, and begins anew once the program has run for longer than that.

    When asked to stop it asks the program by SIGTERM, passes on what that still writes, and kills it after
    --stop-timeout. Where the machine has setpriv(1), the kernel kills the program even if solder is killed.

    Lines are read as by 'receive lines'.`,
  since,
  accepts: [],
  emits: ['log'],
  guarantee: `Each line becomes a record; a slow reader makes the program wait. What stands in the pipes when either
    is killed is lost. The rest of a line that was cut is lost, and counted ('line_too_long'); the record says so.`,
  args: [
    { name: 'CMD', help: 'the program', required: true },
    { name: 'ARG', help: 'its arguments', variadic: true },
  ],
  options: {
    ...LINE_OPTIONS,
    restart: {
      type: 'enum',
      values: ['never', 'on-failure', 'always'],
      default: 'never',
      help: 'whether the program is started again when it ends',
      since,
      group: RESTART,
    },
    min_backoff: {
      type: 'duration',
      default: '1s',
      min: '1ms',
      max: '20d',
      help: 'wait before the first restart; doubles with every further one',
      since,
      group: RESTART,
    },
    max_backoff: {
      type: 'duration',
      default: '1m',
      min: '1ms',
      max: '20d',
      help: 'longest wait between restarts',
      since,
      group: RESTART,
    },
    stop_timeout: {
      type: 'duration',
      default: '10s',
      max: '20d',
      help: 'time to end after SIGTERM, and for what it started to close its output; then SIGKILL',
      since,
    },
  },
  async check({ args, options }) {
    throwAll(await problemsOf(args[0], options.encoding))
  },
  examples: [
    { command: 'solder receive exec uname --label app=kernel -- -a', about: 'what a program says, as logs' },
    {
      command:
        'solder receive exec --restart always --label app=dns -- tcpdump -l -n port 53' +
        ' | solder write file dns.ndjson',
      about: 'a program that is to run for ever',
      needs: 'tcpdump, as root',
    },
  ],
  async run({ args, options }, context) {
    throwAll(await problemsOf(args[0], options.encoding))
    const { LineProgram } = await import('../../lib/receive/program.js')
    const { tied } = await import('../../lib/pipeline/tied.js')
    await new LineProgram(args, options, tied, context).run()
  },
})

async function problemsOf(command: string, encoding: string): Promise<Problem[]> {
  const problems: Problem[] = []
  await collect(problems, () => checkEncoding(encoding, '--encoding'))
  const { exists } = await import('../../lib/pipeline/program.js')
  if (!(await exists(command))) {
    const expected = command.includes('/') ? 'a file that can be run' : 'one on the PATH'
    problems.push(new Problem(`no program '${command}'`, { expected }))
  }
  return problems
}
