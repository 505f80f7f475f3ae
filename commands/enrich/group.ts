// enrich group: moves attributes of records to their resource.

import { filter } from '../../lib/component.js'
import { DerivedIdentities } from '../../lib/edit/identities.js'
import { namesOf } from '../../lib/logs/command.js'

const LOGS = `printf '%s\\n' '{"type":"log","ts":"1","body":"a","attributes":{"host.name":"h1","n":1}}' '{"type":"log","ts":"2","body":"b","attributes":{"host.name":"h2"}}'`

export default filter({
  name: 'enrich group',
  summary: 'move attributes of records to their resource',
  description: `
    Moves the attributes that KEY names from spans, log entries and data points to their resource, with their types; what the
    resource said of them before is replaced. Records with the same values are of one resource from there on, and go out
    together: for those who wrote into each record what holds for all of them. Records that have none of the attributes pass as
    they are.`,
  since: '0.1.0',
  accepts: ['span', 'log', 'metric'],
  emits: ['same'],
  guarantee: 'Nothing is lost.',
  args: [{ name: 'KEY', help: 'name of an attribute', required: true, variadic: true }],
  options: {},
  examples: [{ command: `${LOGS} | solder enrich group host.name`, about: 'a resource for each host' }],
  async create({ args, options }) {
    const { Grouping } = await import('../../lib/edit/group.js')
    const { max_identities = 500_000 } = options as { max_identities?: number }
    return new Grouping(namesOf(args), new DerivedIdentities(max_identities))
  },
})
