// enrich label-keep: drops all labels but some.

import { filter } from '../../lib/component.js'
import { checkStage, KEEPS_ALL, LOG_FILTER, namesOf, streamTransform, without } from '../../lib/logs/command.js'
import labelKeep from '../../lib/logs/stages/label_keep.js'

const OPTIONS = without(labelKeep.options, 'values')

export default filter({
  ...LOG_FILTER,
  name: 'enrich label-keep',
  summary: 'drop all labels but some',
  description: `
    Leaves the streams these labels alone. It is decided once for each stream; streams that differ in dropped labels
    only become one.`,
  guarantee: KEEPS_ALL,
  args: [{ name: 'LABEL', help: 'label to keep; several may be parted by commas', required: true, variadic: true }],
  options: OPTIONS,
  check: ({ args, options }) => checkStage(labelKeep, { ...options, values: namesOf(args) }),
  examples: [
    {
      command: `printf '%s\\n' '{"type":"log","labels":{"app":"shop","pod":"shop-7f9c"},"ts":"1763804400123000000","body":"paid"}' | solder enrich label-keep app`,
      about: 'keep one label',
    },
  ],
  create: ({ args, options }, context) =>
    streamTransform(labelKeep, { ...options, values: namesOf(args) }, options, context),
})
