// schema: JSON Schema of pipeline files, for editors.

import { loadComponent, tool } from '../../lib/component.js'
import { schemaOf } from '../../lib/cli/schema.js'

export default tool({
  name: 'schema',
  summary: 'print the JSON Schema of pipeline files',
  description: `
    Prints one JSON Schema (draft 7) of a pipeline file, with the arguments and options of every stage by their keys:
    types, defaults, help. Secrets are marked writeOnly. An editor that is given it completes and checks while one
    types; what it cannot know, such as the words in a text, 'solder check' tells.

    With the line "# yaml-language-server: $schema=solder.schema.json" at its head, VS Code's YAML extension reads a
    file with it.`,
  since: '0.1.0',
  args: [],
  options: {},
  examples: [{ command: 'solder schema > solder.schema.json', about: 'write the schema beside the pipeline file' }],
  async run(_input, context, catalogue) {
    const components = await Promise.all(catalogue.map(loadComponent))
    await context.print(JSON.stringify(schemaOf(components), null, 2) + '\n')
    return 0
  },
})
