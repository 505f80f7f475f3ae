// enrich tenant: sets the tenant of entries.

import { filter } from '../../lib/component.js'
import { checkStage, KEEPS_ALL, LOG_FILTER, stageTransform } from '../../lib/logs/command.js'
import tenant from '../../lib/logs/stages/tenant.js'

export default filter({
  ...LOG_FILTER,
  name: 'enrich tenant',
  summary: 'set the tenant of entries',
  description: `
    Says which tenant an entry belongs to, by exactly one of --value, --label and --source. The tenant travels as the
    label __tenant_id__; write loki sends it as X-Scope-OrgID and leaves the label out.`,
  guarantee: KEEPS_ALL,
  args: [],
  options: tenant.options,
  check: ({ options }) => checkStage(tenant, options),
  examples: [
    {
      command: `printf '%s\\n' '{"type":"log","labels":{"app":"shop"},"ts":"1763804400123000000","body":"paid"}' | solder enrich tenant --label app`,
      about: 'each application is a tenant',
    },
  ],
  create: ({ options }, context) => stageTransform(tenant, options, options, context),
})
