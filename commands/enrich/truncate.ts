// enrich truncate: cuts lines, labels, metadata or fields that are too long.

import { filter } from '../../lib/component.js'
import { checkStage, KEEPS_ALL, LOG_FILTER, stageTransform } from '../../lib/logs/command.js'
import truncate, { TRUNCATE_RULE } from '../../lib/logs/stages/truncate.js'

export default filter({
  ...LOG_FILTER,
  name: 'enrich truncate',
  summary: 'cut lines, labels, metadata or fields that are too long',
  description: `
    Cuts texts that have more bytes than --limit, the suffix included; a character is not cut in two. The extracted
    field truncated says what was cut: line, label, structured_metadata or extracted.`,
  guarantee: `${KEEPS_ALL} How many texts were cut is in the log.`,
  args: [],
  options: TRUNCATE_RULE,
  check: ({ options }) => checkStage(truncate, {}, [{ name: 'rule', values: options }]),
  examples: [
    {
      command: `printf '%s\\n' '{"type":"log","ts":"1763804400123000000","body":"a line that is too long"}' | solder enrich truncate --limit 12 --suffix …`,
      about: 'cut a line',
    },
    {
      command: 'solder enrich truncate --limit 64 --source-type label --sources path < /dev/null',
      about: 'cut one label',
    },
  ],
  create: ({ options }, context) => stageTransform(truncate, {}, options, context, [{ name: 'rule', values: options }]),
})
