// enrich match: runs stages for the entries that a LogQL selector selects.

import { filter, type Context } from '../../lib/component.js'
import { freshFiles } from '../../lib/io/fresh_file.js'
import { readStageFile } from '../../lib/io/stage_file.js'
import { chainOf, stageContext } from '../../lib/logs/build.js'
import { LOG_FILTER, type Values } from '../../lib/logs/command.js'
import { Chain, ChainTransform } from '../../lib/logs/stage.js'
import match from '../../lib/logs/stages/match.js'

export default filter({
  ...LOG_FILTER,
  name: 'enrich match',
  emits: ['same', 'metric', 'metadata'],
  summary: 'run stages for the log entries that a LogQL selector selects',
  description: `
    Runs the entries that SELECTOR selects through the stages of a file (see enrich stages); the others pass as they
    are. The selector is one of LogQL, with line filters: {app="shop",level!="debug"} |= "error" !~ "health". To drop
    entries by such a selector, see filter match.`,
  guarantee: 'As with enrich stages.',
  args: [
    { name: 'SELECTOR', help: 'a selector of LogQL, in quotes', required: true },
    {
      name: 'STAGES.yaml', required: true, path: true, readAtStart: true,
      help: 'stages, in YAML or in the syntax of Alloy',
    },
  ],
  options: {},
  check: async ({ args }) => void (await prepared(args)),
  examples: [
    {
      command: `solder enrich match '{app="shop"}' stages.yaml`,
      about: 'run stages for one application', needs: 'a file',
    },
  ],
  create: ({ args, options }, context) => transform(args, options, context),
})

async function prepared([selector, file]: readonly string[]) {
  const stages = await readStageFile(file)
  const values = { selector, action: 'keep', drop_counter_reason: '' } as Values<typeof match.options>
  return { stages, ready: await match.prepare(values, [], stages.length) }
}

async function transform(args: readonly string[], options: object, context: Context): Promise<ChainTransform> {
  const { ready, stages } = await prepared(args)
  const { max_identities } = options as { max_identities?: number }
  const common = stageContext(context, max_identities, true, freshFiles(context))
  const stage = await ready(common, await chainOf(stages, common))
  return new ChainTransform(new Chain([stage], context.account), common)
}
