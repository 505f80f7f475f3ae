// enrich cri: reads lines of container runtimes (CRI) and joins partial ones.

import { filter } from '../../lib/component.js'
import { checkStage, LOG_FILTER, stageTransform } from '../../lib/logs/command.js'
import cri from '../../lib/logs/stages/cri.js'

export default filter({
  ...LOG_FILTER,
  name: 'enrich cri',
  summary: 'read lines of container runtimes (CRI) and join partial ones',
  description: `
    Takes lines of the Container Runtime Interface apart, TIME stdout|stderr F|P CONTENT: the content becomes the line,
    the time that of the entry, and the stream the label stream. Partial lines (P) are held until their last part (F)
    comes. Other lines pass as they are.`,
  guarantee: 'Partial lines are counted under \'joined\' when they become a part of another; checkpoints stay behind what is held. A partial line without its rest goes on after --max-wait-time.',
  args: [],
  options: cri.options,
  check: ({ options }) => checkStage(cri, options),
  examples: [
    {
      command: `printf '%s\\n' '{"type":"log","labels":{"app":"shop"},"ts":"1763804400123000000","body":"2026-01-31T12:00:00.5Z stderr F out of stock"}' | solder enrich cri`,
      about: 'read a line of containerd',
    },
  ],
  create: ({ options }, context) => stageTransform(cri, options, options, context),
})
