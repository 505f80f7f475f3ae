// enrich labels: sets labels from extracted fields.

import { filter } from '../../lib/component.js'
import { checkStage, fieldsOf, KEEPS_ALL, LOG_FILTER, stageTransform, without } from '../../lib/logs/command.js'
import labels from '../../lib/logs/stages/labels.js'

const OPTIONS = without(labels.options, 'values')

export default filter({
  ...LOG_FILTER,
  name: 'enrich labels',
  summary: 'set labels from extracted fields',
  description: `
    Makes extracted fields labels, and with that parts of what the stream is. Each LABEL is the name of a field, or
    NAME=FIELD to give the label another name. A field that is absent, or no text, number or boolean, sets nothing.
    Labels with many values make many streams: structured metadata (enrich metadata) may serve better.`,
  guarantee: KEEPS_ALL,
  args: [{ name: 'LABEL', help: 'label to set, or NAME=FIELD; several may be parted by commas', required: true, variadic: true }],
  options: OPTIONS,
  check: ({ args, options }) => checkStage(labels, { ...options, values: fieldsOf(args) }),
  examples: [
    {
      command: `printf '%s\\n' '{"type":"log","labels":{"app":"shop"},"ts":"1763804400123000000","body":"level=warn msg=slow"}' | solder enrich logfmt | solder enrich labels level`,
      about: 'the level becomes a label',
    },
  ],
  create: ({ args, options }, context) =>
    stageTransform(labels, { ...options, values: fieldsOf(args) }, options, context),
})
