// enrich pattern: extracts the captures of a LogQL pattern.

import { filter } from '../../lib/component.js'
import { checkStage, KEEPS_ALL, LOG_FILTER, stageTransform, without } from '../../lib/logs/command.js'
import pattern from '../../lib/logs/stages/pattern.js'

const OPTIONS = without(pattern.options, 'pattern')

export default filter({
  ...LOG_FILTER,
  name: 'enrich pattern',
  summary: 'extract the captures of a LogQL pattern',
  description: `
    Matches each line against PATTERN: texts, and captures <name> between them, which take what stands there; <_>
    captures nothing. Simpler and faster than a regular expression. A line that does not begin as the pattern does
    passes as it is.`,
  guarantee: KEEPS_ALL,
  args: [{ name: 'PATTERN', help: 'texts and captures <name>', required: true }],
  options: OPTIONS,
  check: ({ args, options }) => checkStage(pattern, { ...options, pattern: args[0] }),
  examples: [
    {
      command: `printf '%s\\n' '{"type":"log","labels":{"app":"shop"},"ts":"1763804400123000000","body":"10.0.0.7 - - [today] \\"GET /cart HTTP/1.1\\" 200"}' | solder enrich pattern '<ip> - <user> [<_>] "<method> <path> <_>" <status>'`,
      about: 'take a line of an access log apart',
    },
  ],
  create: ({ args, options }, context) => stageTransform(pattern, { ...options, pattern: args[0] }, options, context),
})
