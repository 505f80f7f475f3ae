// explain: what a pipeline does, and the shell pipelines that do the same.

import { loadComponent, tool } from '../../lib/component.js'
import { EXIT, throwAll } from '../../lib/diag/problem.js'
import { languageOf } from '../../lib/cli/command.js'

export default tool({
  name: 'explain',
  summary: 'print the shell pipelines that do what a pipeline file does',
  description: `
    Prints a shell script that does what the pipes of FILE do, or PIPE with those that it reads. It runs as it is
    printed. Its comments say what 'solder run' makes of each pipe: its processes, what may wait where, what a kill
    may cost, and what each stage promises. Definitions and expressions are filled in.

    Secrets are not printed. What came from a file or the environment is read there by the script; what stands in the
    pipeline file the script asks for, as SOLDER_SECRET_1 and so on.

    A shell has no more than 'tee' for pipes that part: it waits for the slowest branch, where 'solder run' holds
    records for each. Where pipes come together, lines of up to 4096 bytes stay whole.`,
  since: '0.1.0',
  args: [
    { name: 'FILE', help: 'a pipeline file, or a folder of them', path: true },
    { name: 'PIPE', help: 'the name of one pipe' },
  ],
  options: {},
  examples: [
    { command: 'solder explain solder.yaml', about: 'the whole pipeline', needs: 'a file' },
    { command: 'solder explain solder.yaml metrics | sh', about: 'run one pipe without a supervisor', needs: 'a file' },
  ],
  async run({ args: [file, pipe] }, context, catalogue) {
    const { loadPipeline, pipelineFiles } = await import('../../lib/config/load.js')
    const { explain } = await import('../../lib/config/explain.js')
    const files = await pipelineFiles(file === undefined ? [] : [file])
    const { pipeline, problems } = await loadPipeline(files, languageOf(catalogue))
    throwAll(problems)
    const run = await loadComponent(catalogue.find(({ name }) => name === 'run')!)
    await context.print(explain(pipeline!, run, pipe))
    return EXIT.done
  },
})
