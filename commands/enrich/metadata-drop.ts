// enrich metadata-drop: drops structured metadata.

import { filter } from '../../lib/component.js'
import { checkStage, KEEPS_ALL, LOG_FILTER, namesOf, stageTransform, without } from '../../lib/logs/command.js'
import metadataDrop from '../../lib/logs/stages/structured_metadata_drop.js'

const OPTIONS = without(metadataDrop.options, 'values')

export default filter({
  ...LOG_FILTER,
  name: 'enrich metadata-drop',
  summary: 'drop structured metadata',
  description: `
    Takes structured metadata away from entries.`,
  guarantee: KEEPS_ALL,
  args: [{ name: 'NAME', help: 'metadata to drop; several may be parted by commas', required: true, variadic: true }],
  options: OPTIONS,
  check: ({ args, options }) => checkStage(metadataDrop, { ...options, values: namesOf(args) }),
  examples: [
    {
      command: `printf '%s\\n' '{"type":"log","labels":{"app":"shop"},"ts":"1763804400123000000","body":"paid","attributes":{"pid":"7","trace_id":"4bf92f"}}' | solder enrich metadata-drop pid`,
      about: 'drop one of two',
    },
  ],
  create: ({ args, options }, context) =>
    stageTransform(metadataDrop, { ...options, values: namesOf(args) }, options, context),
})
