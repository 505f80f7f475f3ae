// tap: look at what passes a stage of a running pipeline.

import { ADMIN_CLIENT_OPTIONS } from '../../lib/admin/client.js'
import { tool } from '../../lib/component.js'
import { EXIT, Problem } from '../../lib/diag/problem.js'

const since = '0.1.0'

export default tool({
  name: 'tap',
  summary: 'print the records that pass a stage of a running pipeline',
  description: `
    Attaches to a pipe that 'solder run FILE' keeps running and prints the records that come out of a stage, or go
    into a sink, as they pass: also between stages of one process, where there is no text. PIPE alone shows what goes
    into its (first) sink; the stages are those of 'solder top'.

    Attaching and detaching changes nothing else. Whoever reads slowly misses records of his own, and is told how many
    on stderr; so is whoever asks for a rate. It goes on over reloads and restarts of the pipe, until it is stopped or
    --count is reached.`,
  since,
  args: [{ name: 'PIPE[.STAGE]', help: 'name of the pipe, and id of the stage', required: true }],
  options: {
    where: { type: 'string', value: 'EXPR', help: 'a CEL expression that holds for records, as for filter', since },
    rate: { type: 'int', min: 1, help: 'most records a second; the first ones of each second', since },
    sample: { type: 'bool', help: 'with --rate: records chosen at random out of all of a second', since },
    count: { type: 'int', min: 1, help: 'end after so many records', since },
    ...ADMIN_CLIENT_OPTIONS,
  },
  examples: [
    { command: 'solder tap metrics | solder view', about: 'watch what a pipe sends', needs: 'a running pipeline' },
    {
      command: "solder tap metrics.relabel --where 'labels.job == \"api\"' --rate 10 --sample",
      about: 'ten records a second of one job, behind one stage',
      needs: 'a running pipeline',
    },
  ],
  async run({ args, options }, context) {
    const { AdminClient } = await import('../../lib/admin/client.js')
    const { stopSignal } = await import('../../lib/io/signal.js')
    if (options.sample && options.rate === undefined) {
      throw new Problem('--sample needs a rate', { expected: '--rate N' })
    }
    const [, pipe, stage] = /^([^.]*)(?:\.(.*))?$/s.exec(args[0])!
    const query = new URLSearchParams({ pipe, sample: String(options.sample) })
    if (stage !== undefined) query.set('stage', stage)
    if (options.where !== undefined) query.set('where', options.where)
    if (options.rate !== undefined) query.set('rate', String(options.rate))
    const client = new AdminClient(options)
    const { count = Infinity } = options
    let seen = 0
    for await (const { name, data } of client.events(`/api/v1/tap?${query}`, stopSignal())) {
      if (name === 'missed') {
        const { records } = JSON.parse(data) as { records: number }
        context.log.warn(`solder tap: ${records} records missed`)
      } else if (name === 'gone') {
        const { why } = JSON.parse(data) as { why: string }
        context.log.warn(`solder tap: ${why}: waiting for it`)
      } else {
        await context.print(`${data}\n`)
        if (++seen === count) break
      }
    }
    return EXIT.done
  },
})
