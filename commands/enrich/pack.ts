// enrich pack: packs labels or fields into the line.

import { filter } from '../../lib/component.js'
import { checkStage, KEEPS_ALL, LOG_FILTER, namesOf, stageTransform, without } from '../../lib/logs/command.js'
import pack from '../../lib/logs/stages/pack.js'

const OPTIONS = without(pack.options, 'labels')

export default filter({
  ...LOG_FILTER,
  name: 'enrich pack',
  summary: 'pack labels or fields into the line',
  description: `
    Makes each line a JSON object of some labels or fields and, as "_entry", the line itself, so that what would make
    many streams stays with the entry. Loki's unpack undoes it. Labels that are packed are labels no more. The entry
    gets the present time, since streams become one; --no-ingest-timestamp keeps its own.`,
  guarantee: KEEPS_ALL,
  args: [{ name: 'LABEL', help: 'label or field to pack; several may be parted by commas', required: true, variadic: true }],
  options: OPTIONS,
  check: ({ args, options }) => checkStage(pack, { ...options, labels: namesOf(args) }),
  examples: [
    {
      command: `printf '%s\\n' '{"type":"log","labels":{"app":"shop","pod":"shop-7f9c"},"ts":"1763804400123000000","body":"paid"}' | solder enrich pack pod --no-ingest-timestamp`,
      about: 'pack one label',
    },
  ],
  create: ({ args, options }, context) => stageTransform(pack, { ...options, labels: namesOf(args) }, options, context),
})
