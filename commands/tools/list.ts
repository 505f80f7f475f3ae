// list: every command, for people or as data.

import { type Component, loadComponent, tool } from '../../lib/component.js'
import { allOptions } from '../../lib/cli/command.js'

export default tool({
  name: 'list',
  summary: 'list the commands',
  description: `
    Prints a line per command: its name, its role and what it does. With --json it prints the declarations themselves,
    with every option, default and example, as one JSON array.`,
  since: '0.1.0',
  args: [],
  options: {
    json: { type: 'bool', help: 'print the declarations as JSON', since: '0.1.0' },
  },
  examples: [
    { command: 'solder list', about: 'show every command' },
    { command: 'solder list --json', about: 'the same as data: names, options, defaults, examples' },
  ],
  async run(input, context, catalogue) {
    const components = await Promise.all(catalogue.map(loadComponent))
    const declared = () => JSON.stringify(components.map(declaration), null, 2) + '\n'
    await context.print(input.options.json ? declared() : table(components))
    return 0
  },
})

/** What a component declares, without what it does. */
export function declaration(component: Component): object {
  const { name, role, summary, description, since, args, examples } = component
  const options = allOptions(component)
  if (component.role === 'tool') return { name, role, summary, description, since, args, options, examples }
  const { accepts, emits, guarantee } = component
  return { name, role, summary, description, since, accepts, emits, guarantee, args, options, examples }
}

function table(components: readonly Component[]): string {
  const width = Math.max(...components.map(({ name }) => name.length))
  return components.map(({ name, role, summary }) => `${name.padEnd(width)}  ${role.padEnd(6)}  ${summary}\n`).join('')
}
