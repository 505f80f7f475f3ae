// enrich replace: replaces what the groups of an expression capture.

import { filter } from '../../lib/component.js'
import { checkStage, KEEPS_ALL, LOG_FILTER, stageTransform, without } from '../../lib/logs/command.js'
import replace from '../../lib/logs/stages/replace.js'

const OPTIONS = without(replace.options, 'expression', 'replace')

export default filter({
  ...LOG_FILTER,
  name: 'enrich replace',
  summary: 'replace what the groups of an expression capture',
  description: `
    Replaces what the groups of EXPRESSION, in the syntax of RE2, capture, wherever it matches in the line: by TEXT,
    which may be a template of Go in which .Value is what was captured. Named groups become extracted fields, with the
    replacement as their value.`,
  guarantee: KEEPS_ALL,
  args: [{ name: 'EXPRESSION', help: 'an RE2 expression with groups', required: true }, { name: 'TEXT', help: 'what stands instead; nothing, if absent' }],
  options: OPTIONS,
  check: ({ args, options }) => checkStage(replace, { ...options, expression: args[0], replace: args[1] ?? '' }),
  examples: [
    {
      command: `printf '%s\\n' '{"type":"log","labels":{"app":"shop"},"ts":"1763804400123000000","body":"login of ann from 10.0.0.7"}' | solder enrich replace 'from (\\S+)' '***'`,
      about: 'hide an address',
    },
    {
      command: `printf '%s\\n' '{"type":"log","labels":{"app":"shop"},"ts":"1763804400123000000","body":"login of ann from 10.0.0.7"}' | solder enrich replace 'of (\\S+)' '{{ .Value | ToUpper }}'`,
      about: 'change what was captured',
    },
  ],
  create: ({ args, options }, context) => stageTransform(replace, { ...options, expression: args[0], replace: args[1] ?? '' }, options, context),
})
