// fmt: pipeline files in their usual form.

import { readFile, writeFile } from 'node:fs/promises'
import { tool } from '../../lib/component.js'
import { collect, EXIT, Problem, throwAll } from '../../lib/diag/problem.js'

export default tool({
  name: 'fmt',
  summary: 'print pipeline files in their usual form, or rewrite them',
  description: `
    Prints a pipeline file with its lines and blanks as usual: indentation by two, a stage a line in pipes that are
    long or were on several lines, lines of up to 100 characters where they can be broken. Comments and the order of
    keys stay. A file that was formatted stays as it is. It is not checked but for its YAML: see 'solder check'.

    With --write files are rewritten and the names of those that changed are printed. With --check nothing
    is written; the names of files that would change are printed, and the exit code is 1 if there are any.`,
  since: '0.1.0',
  args: [{ name: 'FILE', help: 'YAML or JSON files, or folders of them', variadic: true, path: true }],
  options: {
    write: { type: 'bool', help: 'rewrite the files', since: '0.1.0' },
    check: { type: 'bool', help: 'say which files would change', since: '0.1.0' },
  },
  examples: [
    { command: 'solder fmt solder.yaml', about: 'show the usual form', needs: 'a file' },
    { command: 'solder fmt --write pipelines/', about: 'rewrite the files of a folder', needs: 'files' },
  ],
  async run({ args, options }, { print }) {
    if (options.write && options.check) throw new Problem('--write and --check exclude each other')
    const { filesAt } = await import('../../lib/config/files.js')
    const { pipelineFiles } = await import('../../lib/config/load.js')
    const problems: Problem[] = []
    const found: { file: string; before: string; after: string }[] = []
    for (const path of await pipelineFiles(args)) {
      const files = await collect(problems, () => filesAt(path))
      for (const file of files ?? []) await collect(problems, async () => void found.push(await read(file)))
    }
    throwAll(problems)
    const changed = found.filter(({ before, after }) => before !== after)
    if (!options.write && !options.check) for (const { after } of found) await print(after)
    else for (const { file } of changed) await print(`${file}\n`)
    // In place: the file keeps its owner and mode.
    if (options.write) for (const { file, after } of changed) await writeFile(file, after)
    return options.check && changed.length > 0 ? EXIT.failed : EXIT.done
  },
})

async function read(file: string): Promise<{ file: string; before: string; after: string }> {
  if (!/\.(ya?ml|json)$/.test(file)) throw new Problem(`${file} is no file of data`, { expected: '.yaml, .yml, .json' })
  const { formatted } = await import('../../lib/config/format.js')
  const before = await readFile(file, 'utf8')
  return { file, before, after: await formatted(file, before) }
}
