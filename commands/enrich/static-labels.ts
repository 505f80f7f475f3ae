// enrich static-labels: sets labels to fixed values.

import { filter } from '../../lib/component.js'
import { checkStage, fieldsOf, KEEPS_ALL, LOG_FILTER, streamTransform, without } from '../../lib/logs/command.js'
import staticLabels from '../../lib/logs/stages/static_labels.js'

const OPTIONS = without(staticLabels.options, 'values')

export default filter({
  ...LOG_FILTER,
  name: 'enrich static-labels',
  summary: 'set labels to fixed values',
  description: `
    Gives each stream labels with fixed values. It is decided once for each stream.`,
  guarantee: KEEPS_ALL,
  args: [{ name: 'LABEL=VALUE', help: 'label and value; several may be parted by commas', required: true, variadic: true }],
  options: OPTIONS,
  check: ({ args, options }) => checkStage(staticLabels, { ...options, values: fieldsOf(args) }),
  examples: [
    {
      command: `printf '%s\\n' '{"type":"log","labels":{"app":"shop"},"ts":"1763804400123000000","body":"paid"}' | solder enrich static-labels site=berlin`,
      about: 'tell where entries come from',
    },
  ],
  create: ({ args, options }, context) =>
    streamTransform(staticLabels, { ...options, values: fieldsOf(args) }, options, context),
})
