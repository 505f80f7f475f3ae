// new: a pipeline file to start from.

import { tool } from '../../lib/component.js'
import { EXIT, Problem } from '../../lib/diag/problem.js'
import { languageOf } from '../../lib/cli/command.js'

export default tool({
  name: 'new',
  summary: 'print a pipeline file to start from',
  description: `
    Prints a pipeline file that does what the pipe of STAGES does, with what each stage is for and what else it can be
    told, as comments.`,
  since: '0.1.0',
  args: [{ name: 'STAGES', help: "a pipe: stages joined by '|', a source first and a sink last", required: true }],
  options: {
    name: { type: 'string', default: 'main', value: 'NAME', help: 'name of the pipe', since: '0.1.0' },
  },
  examples: [
    {
      command: "solder new 'scrape host --every 15s | write file host.ndjson' > host.yaml && solder check host.yaml",
      about: 'from a pipe to a file',
    },
  ],
  async run({ args: [text], options: { name } }, context, catalogue) {
    if (!/^[a-z0-9][a-z0-9_-]*$/i.test(name)) {
      throw new Problem(`--name: '${name}' is no name of a pipe`, { expected: 'letters, digits, - and _' })
    }
    const { starterFile } = await import('../../lib/config/starter.js')
    await context.print(await starterFile(text, name, languageOf(catalogue)))
    return EXIT.done
  },
})
