// filter limit: lets so many log entries a second pass; the others wait, or are dropped.

import { filter } from '../../lib/component.js'
import { checkStage, dropTransform, LOG_FILTER, stageTransform } from '../../lib/logs/command.js'
import limit from '../../lib/logs/stages/limit.js'

export default filter({
  ...LOG_FILTER,
  name: 'filter limit',
  summary: 'let so many log entries a second pass',
  description: `
    Lets --rate log entries a second pass, and --burst at once. With --drop the others are dropped; else they wait,
    nothing more is read, and with that whoever writes has to wait, too. With --by-label-name each value of a label
    has a rate of its own. Rates begin anew, with their burst, in each run.`,
  guarantee: "With --drop, entries that are too many are counted under 'ratelimit_drop_stage'; else nothing is lost.",
  args: [],
  options: limit.options,
  check: ({ options }) => checkStage(limit, options),
  examples: [
    {
      command: 'solder filter limit --rate 100 --burst 1000 < /dev/null',
      about: 'pass on a hundred entries a second, no faster',
    },
    {
      command: 'solder filter limit --rate 10 --burst 100 --drop --by-label-name app < /dev/null',
      about: 'ten entries a second from each application',
    },
  ],
  create: ({ options }, context) =>
    options.drop ? dropTransform(limit, options, options, context, 'ratelimit_drop_stage') : stageTransform(limit, options, options, context),
})
