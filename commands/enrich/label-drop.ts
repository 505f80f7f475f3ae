// enrich label-drop: drops labels.

import { filter } from '../../lib/component.js'
import { checkStage, KEEPS_ALL, LOG_FILTER, namesOf, streamTransform, without } from '../../lib/logs/command.js'
import labelDrop from '../../lib/logs/stages/label_drop.js'

const OPTIONS = without(labelDrop.options, 'values')

export default filter({
  ...LOG_FILTER,
  name: 'enrich label-drop',
  summary: 'drop labels',
  description: `
    Takes labels away from streams. It is decided once for each stream; streams that differ in dropped labels only
    become one.`,
  guarantee: KEEPS_ALL,
  args: [{ name: 'LABEL', help: 'label to drop; several may be parted by commas', required: true, variadic: true }],
  options: OPTIONS,
  check: ({ args, options }) => checkStage(labelDrop, { ...options, values: namesOf(args) }),
  examples: [
    {
      command: `printf '%s\\n' '{"type":"log","labels":{"app":"shop","pod":"shop-7f9c"},"ts":"1763804400123000000","body":"paid"}' | solder enrich label-drop pod`,
      about: 'drop one label',
    },
  ],
  create: ({ args, options }, context) =>
    streamTransform(labelDrop, { ...options, values: namesOf(args) }, options, context),
})
