// enrich output: makes an extracted field the line.

import { filter } from '../../lib/component.js'
import { checkStage, KEEPS_ALL, LOG_FILTER, stageTransform, without } from '../../lib/logs/command.js'
import output from '../../lib/logs/stages/output.js'

const OPTIONS = without(output.options, 'source')

export default filter({
  ...LOG_FILTER,
  name: 'enrich output',
  summary: 'make an extracted field the line',
  description: `
    Makes an extracted field the line. An entry without that field keeps its line.`,
  guarantee: KEEPS_ALL,
  args: [{ name: 'FIELD', help: 'field that becomes the line', required: true }],
  options: OPTIONS,
  check: ({ args, options }) => checkStage(output, { ...options, source: args[0] }),
  examples: [
    {
      command: `printf '%s\\n' '{"type":"log","labels":{"app":"shop"},"ts":"1763804400123000000","body":"level=warn msg=slow"}' | solder enrich logfmt | solder enrich output msg`,
      about: 'keep the message alone',
    },
  ],
  create: ({ args, options }, context) => stageTransform(output, { ...options, source: args[0] }, options, context),
})
