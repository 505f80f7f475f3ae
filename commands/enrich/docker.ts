// enrich docker: reads lines of Docker's json-file driver.

import { filter } from '../../lib/component.js'
import { checkStage, KEEPS_ALL, LOG_FILTER, stageTransform } from '../../lib/logs/command.js'
import docker from '../../lib/logs/stages/docker.js'

export default filter({
  ...LOG_FILTER,
  name: 'enrich docker',
  summary: 'read lines of Docker\'s json-file driver',
  description: `
    Takes lines such as {"log":"paid\\n","stream":"stdout","time":"2026-01-31T12:00:00.5Z"} apart: log becomes the line,
    time that of the entry, and stream the label stream. Other lines pass as they are.`,
  guarantee: KEEPS_ALL,
  args: [],
  options: docker.options,
  check: ({ options }) => checkStage(docker, options),
  examples: [
    {
      command: `printf '%s\\n' '{"type":"log","labels":{"app":"shop"},"ts":"1763804400123000000","body":"{\\"log\\":\\"paid\\n\\",\\"stream\\":\\"stdout\\",\\"time\\":\\"2026-01-31T12:00:00.5Z\\"}"}' | solder enrich docker`,
      about: 'read a line of Docker',
    },
  ],
  create: ({ options }, context) => stageTransform(docker, options, options, context),
})
