// enrich stages: runs a list of stages, written as Promtail's pipeline_stages or as Alloy's blocks.

import { filter } from '../../lib/component.js'
import { freshFiles } from '../../lib/io/fresh_file.js'
import { readStageFile } from '../../lib/io/stage_file.js'
import { chainOf, stageContext } from '../../lib/logs/build.js'
import { LOG_FILTER } from '../../lib/logs/command.js'
import { ChainTransform } from '../../lib/logs/stage.js'

export default filter({
  ...LOG_FILTER,
  name: 'enrich stages',
  emits: ['same', 'metric', 'metadata'],
  summary: "run a list of stages, as Promtail's pipeline_stages or Alloy's loki.process have them",
  description: `
    Runs log entries through the stages of a file, one after another: YAML with a list pipeline_stages, as Promtail
    has it, or blocks stage.NAME { … }, as Alloy's loki.process has them; the block loki.process around them may be
    there, too. Stages and their options are those of Alloy. What Alloy evaluates, such as references to other
    components, is not.

    Labels that an entry came with count as extracted fields, as in Alloy. What stages extract is visible in the
    record's "extracted", and left out by sinks. What a stage metrics makes goes on as metric records, every 15
    seconds.

    Every stage is a command of its own, too: enrich logfmt, enrich labels, filter drop and so on. In a pipe of these
    every seam can be looked at; a list in one process is a little faster.`,
  guarantee: `Drops are counted under the reason that the stage gives; lines that become a part of another under 'joined',
    metric records as made. Checkpoints stay behind what a stage holds.`,
  args: [{ name: 'STAGES.yaml', help: 'stages, in YAML or in the syntax of Alloy', required: true, path: true, readAtStart: true }],
  options: {},
  check: async ({ args }) => void (await readStageFile(args[0])),
  examples: [
    {
      command: 'solder receive file /var/log/shop.log | solder enrich stages stages.yaml',
      about: 'run the stages of a file', needs: 'a file',
    },
    {
      command: 'solder enrich stages /etc/alloy/config.alloy',
      about: 'run the stages of Alloy, if they are all that is in its file', needs: 'a file',
    },
  ],
  async create({ args, options }, context) {
    const stages = await readStageFile(args[0])
    const { max_identities } = options as { max_identities?: number }
    const common = stageContext(context, max_identities, true, freshFiles(context))
    return new ChainTransform(await chainOf(stages, common), common)
  },
})
