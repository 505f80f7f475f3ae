// filter drop: drops log entries that fulfil all of some conditions.

import { filter } from '../../lib/component.js'
import { checkStage, dropTransform, LOG_FILTER } from '../../lib/logs/command.js'
import drop from '../../lib/logs/stages/drop.js'

export default filter({
  ...LOG_FILTER,
  name: 'filter drop',
  summary: 'drop log entries that fulfil all of some conditions',
  description: `
    Drops the log entries that fulfil all of the conditions that are given: by age, by length, by an expression that
    matches the line, by fields that are there, or by their values.`,
  guarantee: 'Dropped entries are counted under \'drop_stage\', or the word that --drop-counter-reason gives.',
  args: [],
  options: drop.options,
  check: ({ options }) => checkStage(drop, options),
  examples: [
    {
      command: `printf '%s\\n' '{"type":"log","labels":{"app":"shop"},"ts":"1763804400123000000","body":"GET /healthz"}' | solder filter drop --expression healthz`,
      about: 'drop what health checks log',
    },
    {
      command: `printf '%s\\n' '{"type":"log","labels":{"app":"shop"},"ts":"1763804400123000000","body":"paid"}' | solder filter drop --older-than 24h --longer-than 8KiB`,
      about: 'drop what is both old and long',
    },
  ],
  create: ({ options }, context) => dropTransform(drop, options, options, context, options.drop_counter_reason),
})
