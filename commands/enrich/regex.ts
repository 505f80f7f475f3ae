// enrich regex: extracts the named groups of a regular expression.

import { filter } from '../../lib/component.js'
import { checkStage, KEEPS_ALL, LOG_FILTER, stageTransform, without } from '../../lib/logs/command.js'
import regex from '../../lib/logs/stages/regex.js'

const OPTIONS = without(regex.options, 'expression')

export default filter({
  ...LOG_FILTER,
  name: 'enrich regex',
  summary: 'extract the named groups of a regular expression',
  description: `
    Matches each line against EXPRESSION, in the syntax of RE2, and puts the text of each named group (?P<name>…) into
    the record's "extracted". A line that does not match passes as it is. Matching takes linear time.`,
  guarantee: KEEPS_ALL,
  args: [{ name: 'EXPRESSION', help: 'an RE2 expression with named groups', required: true }],
  options: OPTIONS,
  check: ({ args, options }) => checkStage(regex, { ...options, expression: args[0] }),
  examples: [
    {
      command: `printf '%s\\n' '{"type":"log","labels":{"app":"shop"},"ts":"1763804400123000000","body":"GET /cart 200"}' | solder enrich regex '^(?P<method>[A-Z]+) (?P<path>\\S+) (?P<status>\\d+)$'`,
      about: 'take a request line apart',
    },
  ],
  create: ({ args, options }, context) => stageTransform(regex, { ...options, expression: args[0] }, options, context),
})
