// filter sample: keeps a share of the log entries, chosen by chance.

import { filter } from '../../lib/component.js'
import { checkStage, dropTransform, LOG_FILTER, without } from '../../lib/logs/command.js'
import sampling from '../../lib/logs/stages/sampling.js'

const OPTIONS = without(sampling.options, 'rate')

export default filter({
  ...LOG_FILTER,
  name: 'filter sample',
  summary: 'keep a share of the log entries, chosen by chance',
  description: `
    Keeps each log entry with the probability RATE, and drops the others.`,
  guarantee: 'Dropped entries are counted under \'sampling_stage\', or the word that --drop-counter-reason gives.',
  args: [{ name: 'RATE', help: 'share that stays, from 0 to 1', required: true }],
  options: OPTIONS,
  check: ({ args, options }) => checkStage(sampling, { ...options, rate: Number(args[0]) }),
  examples: [
    {
      command: `printf '%s\\n' '{"type":"log","labels":{"app":"shop"},"ts":"1763804400123000000","body":"paid"}' | solder filter sample 0.1`,
      about: 'keep one of ten entries',
    },
  ],
  create: ({ args, options }, context) => dropTransform(sampling, { ...options, rate: Number(args[0]) }, options, context, options.drop_counter_reason),
})
