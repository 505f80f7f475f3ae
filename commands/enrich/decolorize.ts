// enrich decolorize: takes the escape sequences of terminals out of lines.

import { filter } from '../../lib/component.js'
import { checkStage, KEEPS_ALL, LOG_FILTER, stageTransform } from '../../lib/logs/command.js'
import decolorize from '../../lib/logs/stages/decolorize.js'

export default filter({
  ...LOG_FILTER,
  name: 'enrich decolorize',
  summary: 'take the escape sequences of terminals out of lines',
  description: `
    Takes colours and other escape sequences of terminals (ANSI) out of each line.`,
  guarantee: KEEPS_ALL,
  args: [],
  options: decolorize.options,
  check: ({ options }) => checkStage(decolorize, options),
  examples: [
    {
      command: `printf '%s\\n' '{"type":"log","ts":"1763804400123000000","body":"\\u001b[31mfailed\\u001b[0m"}' | solder enrich decolorize`,
      about: 'leave the text alone',
    },
  ],
  create: ({ options }, context) => stageTransform(decolorize, options, options, context),
})
