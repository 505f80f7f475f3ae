// enrich multiline: joins lines that belong together.

import { filter } from '../../lib/component.js'
import { checkStage, LOG_FILTER, stageTransform, without } from '../../lib/logs/command.js'
import multiline from '../../lib/logs/stages/multiline.js'

const OPTIONS = without(multiline.options, 'firstline')

export default filter({
  ...LOG_FILTER,
  name: 'enrich multiline',
  summary: 'join lines that belong together',
  description: `
    Joins the lines of a stream from one that FIRSTLINE matches up to the next one that it matches, such as the lines
    of a stack trace. A block goes on when the next one begins, when no line came for --max-wait-time, or when it is
    too long. Lines before the first match pass as they are. Time, labels and fields are those of the first line.`,
  guarantee: 'Lines are counted under \'joined\' when they become a part of another; checkpoints stay behind what is held.',
  args: [{ name: 'FIRSTLINE', help: 'an RE2 expression that matches the first line of a block', required: true }],
  options: OPTIONS,
  check: ({ args, options }) => checkStage(multiline, { ...options, firstline: args[0] }),
  examples: [
    {
      command: `printf '{"type":"log","ts":"%s","body":"%s"}\\n' 1 'Error: lost' 2 '  at shop.js:7' 3 'Error: again' | solder enrich multiline '^Error'`,
      about: 'join the lines of a stack trace',
    },
  ],
  create: ({ args, options }, context) =>
    stageTransform(multiline, { ...options, firstline: args[0] }, options, context),
})
