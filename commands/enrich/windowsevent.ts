// enrich windowsevent: extracts the sections of a Windows event's message.

import { filter } from '../../lib/component.js'
import { checkStage, LOG_FILTER, stageTransform } from '../../lib/logs/command.js'
import windowsevent from '../../lib/logs/stages/windowsevent.js'

export default filter({
  ...LOG_FILTER,
  name: 'enrich windowsevent',
  summary: 'extract the sections of a Windows event\'s message',
  description: `
    Extracts the description and the sections of a Windows event's message, which is read from a field. A key is
    prefixed by the title of its section: Subject_AccountName.`,
  guarantee: 'An entry whose message is no text is counted under \'invalid_message\'.',
  args: [],
  options: windowsevent.options,
  check: ({ options }) => checkStage(windowsevent, options),
  examples: [
    {
      command: `printf '%s\\n' '{"type":"log","labels":{"app":"shop"},"ts":"1763804400123000000","body":"-","extracted":{"message":"Logged on.\\r\\n\\r\\nSubject:\\r\\n\\tAccount Name:\\t\\tann"}}' | solder enrich windowsevent`,
      about: 'extract description and account',
    },
  ],
  create: ({ options }, context) => stageTransform(windowsevent, options, options, context),
})
