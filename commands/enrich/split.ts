// enrich split: makes an entry of each element of a JSON array.

import { filter } from '../../lib/component.js'
import { checkStage, LOG_FILTER, stageTransform } from '../../lib/logs/command.js'
import split from '../../lib/logs/stages/split_json.js'

export default filter({
  ...LOG_FILTER,
  name: 'enrich split',
  summary: 'make an entry of each element of a JSON array',
  description: `
    Makes an entry of each element of a line that is a JSON array, byte by byte as it was written. Labels, time, fields
    and metadata are those of the line. Other lines pass as they are.`,
  guarantee: 'Entries beyond the first of a line are counted as made, and a line whose array is empty under \'empty_array\'.',
  args: [],
  options: split.options,
  check: ({ options }) => checkStage(split, options),
  examples: [
    {
      command: `printf '%s\\n' '{"type":"log","labels":{"app":"shop"},"ts":"1763804400123000000","body":"[{\\"id\\":1},{\\"id\\":2}]"}' | solder enrich split`,
      about: 'split a line in two',
    },
  ],
  create: ({ options }, context) => stageTransform(split, options, options, context),
})
