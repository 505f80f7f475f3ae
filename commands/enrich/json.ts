// enrich json: extracts fields of JSON lines.

import { filter } from '../../lib/component.js'
import { checkStage, fieldsOf, LOG_FILTER, stageTransform, type Values, without } from '../../lib/logs/command.js'
import json from '../../lib/logs/stages/json.js'

const OPTIONS = without(json.options, 'expressions')

const SAMPLE = `printf '%s\\n' '{"type":"log","labels":{"app":"shop"},"ts":"1763804400123000000","body":"{\\"level\\":\\"info\\",\\"order\\":{\\"id\\":42}}"}'`

export default filter({
  ...LOG_FILTER,
  name: 'enrich json',
  summary: 'extract fields of JSON lines',
  description: `
    Reads each line as a JSON object and puts values into the record's "extracted", where other stages find them and
    sinks leave them out. Each FIELD is a key, or NAME=EXPRESSION with an expression of JMESPath; without FIELD all
    keys are extracted. Lists and objects are extracted as their JSON. A line that is no object passes as it is.`,
  guarantee: "With --drop-malformed, lines that are no JSON object are counted under 'malformed_json'; else nothing is lost.",
  args: [{ name: 'FIELD', help: 'key to extract, or NAME=EXPRESSION', variadic: true }],
  options: OPTIONS,
  check: ({ args, options }) => checkStage(json, valuesOf(args, options)),
  examples: [
    { command: `${SAMPLE} | solder enrich json`, about: 'extract all keys' },
    {
      command: `${SAMPLE} | solder enrich json level order_id=order.id`,
      about: 'extract a key, and a value inside of another',
    },
  ],
  create: ({ args, options }, context) => stageTransform(json, valuesOf(args, options), options, context),
})

function valuesOf(args: readonly string[], options: Values<typeof OPTIONS>): Values<typeof json.options> {
  const regex = args.length === 0 && options.regex === undefined ? '.*' : options.regex
  return { ...options, regex, expressions: fieldsOf(args, false) }
}
