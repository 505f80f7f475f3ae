// schema: JSON Schema of every stage's options, for editors.

import { loadComponent, tool } from '../../lib/component.js'
import { schemaOf } from '../../lib/cli/schema.js'

export default tool({
  name: 'schema',
  summary: 'print the JSON Schema of the options of every stage',
  description: `
    Prints one JSON Schema (draft 2020-12) that describes a stage written as a map: its name, and under it its arguments
    and options by their keys, with types, defaults and help. Secrets are marked writeOnly.`,
  since: '0.1.0',
  args: [],
  options: {},
  examples: [{ command: 'solder schema', about: 'print the schema' }],
  async run(_input, context, catalogue) {
    const components = await Promise.all(catalogue.map(loadComponent))
    await context.print(JSON.stringify(schemaOf(components), null, 2) + '\n')
    return 0
  },
})
