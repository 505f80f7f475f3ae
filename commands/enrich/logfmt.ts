// enrich logfmt: extracts the fields of logfmt lines.

import { filter } from '../../lib/component.js'
import { checkStage, fieldsOf, KEEPS_ALL, LOG_FILTER, stageTransform, type Values, without } from '../../lib/logs/command.js'
import logfmt from '../../lib/logs/stages/logfmt.js'

const OPTIONS = without(logfmt.options, 'mapping')

const SAMPLE = `printf '%s\\n' '{"type":"log","labels":{"app":"shop"},"ts":"1763804400123000000","body":"level=info msg=\\"paid 3\\" took=12ms"}'`

export default filter({
  ...LOG_FILTER,
  name: 'enrich logfmt',
  summary: 'extract the fields of logfmt lines',
  description: `
    Reads each line as logfmt (key=value key="a value") and puts the values into the record's "extracted", where other
    stages find them and sinks leave them out. Each FIELD is a key, or NAME=KEY to give the field another name; without
    FIELD all keys are extracted. What came before a place that is no logfmt is kept, and the rest is not read.`,
  guarantee: KEEPS_ALL,
  args: [{ name: 'FIELD', help: 'key to extract, or NAME=KEY; several may be parted by commas', variadic: true }],
  options: OPTIONS,
  check: ({ args, options }) => checkStage(logfmt, valuesOf(args, options)),
  examples: [
    { command: `${SAMPLE} | solder enrich logfmt`, about: 'extract all fields' },
    {
      command: `${SAMPLE} | solder enrich logfmt level,duration=took | solder enrich labels level`,
      about: 'extract two, and make one of them a label',
    },
  ],
  create: ({ args, options }, context) => stageTransform(logfmt, valuesOf(args, options), options, context),
})

function valuesOf(args: readonly string[], options: Values<typeof OPTIONS>): Values<typeof logfmt.options> {
  const regex = args.length === 0 && options.regex === undefined ? '.*' : options.regex
  return { ...options, regex, mapping: fieldsOf(args) }
}
