// check: everything that is wrong with pipeline files.

import { tool } from '../../lib/component.js'
import type { PipeTest } from '../../lib/config/tests.js'
import { collect, EXIT, type Problem, throwAll } from '../../lib/diag/problem.js'
import { languageOf } from '../../lib/cli/command.js'

export default tool({
  name: 'check',
  summary: 'tell everything that is wrong with pipeline files',
  description: `
    Reads pipeline files, and folders of them, as one pipeline, with all that they import; without FILE, the file that
    is found here or in a folder above: solder.yaml, .yml, .json, .js, .mjs or .cjs, or the key 'solder' of a
    package.json. Everything that is wrong is told at once, each with its place, what was expected, and the nearest
    known word: unknown commands, options and keys, values that are none, expressions, patterns, files that are
    missing, stages that cannot stand where they do or get no record that they take, pipes that read each other in a
    circle or that nobody reads. A module (.js, .mjs, .cjs) is run, for what it exports. Nothing is opened but files,
    for reading.

    With --connect the servers that stages name by URL are asked, too, with the credentials of the stage: 'write
    prometheus' sends a request without samples, 'write syslog' opens a connection, 'scrape' and 'discover http' fetch the
    URL once. Targets that are discovered are not tried. That a server answers does not say that it will take what it gets.

    The exit code is 0 where nothing is wrong, else 2.`,
  since: '0.1.0',
  args: [{ name: 'FILE', help: 'pipeline files, or folders of them', variadic: true, path: true }],
  options: {
    connect: { type: 'bool', help: 'also try the servers that stages name', since: '0.1.0' },
  },
  examples: [
    { command: 'solder check solder.yaml', about: 'check a file', needs: 'a file' },
    {
      command:
        "printf 'version: 1\\npipes:\\n  load: scrape host | write file load.ndjson\\n' > load.yaml && solder check load.yaml",
      about: 'check the smallest file',
    },
  ],
  async run({ args, options }, context, catalogue) {
    const { loadPipeline, pipelineFiles } = await import('../../lib/config/load.js')
    const { pipeline, problems, tests } = await loadPipeline(await pipelineFiles(args), languageOf(catalogue))
    throwAll(problems)
    if (tests.length > 0) await checkTests(tests)
    const { tryBackends } = await import('../../lib/config/connect.js')
    const connected = options.connect ? await tryBackends(pipeline!) : { tried: 0, problems: [] }
    throwAll(connected.problems)
    const pipes = pipeline!.pipes.length
    const answers = options.connect ? `; ${connected.tried} stages found their servers` : ''
    await context.print(`${pipes} ${pipes === 1 ? 'pipe' : 'pipes'}, nothing wrong${answers}\n`)
    return EXIT.done
  },
})

/** Reads the files of tests, which are no part of what runs. */
async function checkTests(tests: readonly PipeTest[]): Promise<void> {
  const { pipeTest } = await import('../../lib/testing/pipe.js')
  const problems: Problem[] = []
  for (const test of tests) await collect(problems, () => pipeTest(test, 0))
  throwAll(problems)
}
