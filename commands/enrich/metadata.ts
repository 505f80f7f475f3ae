// enrich metadata: makes fields and labels structured metadata.

import { filter } from '../../lib/component.js'
import { checkStage, fieldsOf, KEEPS_ALL, LOG_FILTER, stageTransform, without } from '../../lib/logs/command.js'
import metadata from '../../lib/logs/stages/structured_metadata.js'

const OPTIONS = without(metadata.options, 'values')

export default filter({
  ...LOG_FILTER,
  name: 'enrich metadata',
  summary: 'make fields and labels structured metadata',
  description: `
    Puts extracted fields, or labels, into the attributes of the record, which Loki keeps as structured metadata: they
    belong to the entry, and make no streams. A label that is put there is a label no more. Each NAME is the name of a
    field or label, or NAME=FIELD to give it another name.`,
  guarantee: KEEPS_ALL,
  args: [{ name: 'NAME', help: 'field or label, or NAME=FIELD; several may be parted by commas', variadic: true }],
  options: OPTIONS,
  check: ({ args, options }) => checkStage(metadata, { ...options, values: fieldsOf(args) }),
  examples: [
    {
      command: `printf '%s\\n' '{"type":"log","labels":{"app":"shop"},"ts":"1763804400123000000","body":"level=warn trace=4bf92f"}' | solder enrich logfmt | solder enrich metadata trace_id=trace`,
      about: 'keep a trace id with its entry',
    },
  ],
  create: ({ args, options }, context) =>
    stageTransform(metadata, { ...options, values: fieldsOf(args) }, options, context),
})
