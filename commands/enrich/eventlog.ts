// enrich eventlog: extracts the keys of a Windows event's message.

import { filter } from '../../lib/component.js'
import { checkStage, LOG_FILTER, stageTransform } from '../../lib/logs/command.js'
import eventlog from '../../lib/logs/stages/eventlogmessage.js'

export default filter({
  ...LOG_FILTER,
  name: 'enrich eventlog',
  summary: 'extract the keys of a Windows event\'s message',
  description: `
    Extracts each line Key: value of a Windows event's message, which is read from a field. Keys that are no label names
    are changed so that they are. For messages with sections, see enrich windowsevent.`,
  guarantee: 'An entry whose message is no text is counted under \'invalid_message\'.',
  args: [],
  options: eventlog.options,
  check: ({ options }) => checkStage(eventlog, options),
  examples: [
    {
      command: `printf '%s\\n' '{"type":"log","labels":{"app":"shop"},"ts":"1763804400123000000","body":"-","extracted":{"message":"ProcessId: 7344\\r\\nUser: ann"}}' | solder enrich eventlog`,
      about: 'extract two keys',
    },
  ],
  create: ({ options }, context) => stageTransform(eventlog, options, options, context),
})
