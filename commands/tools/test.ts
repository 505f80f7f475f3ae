// test: whether pipelines do what their tests say.

import { languageOf } from '../../lib/cli/command.js'
import { type Catalogue, tool } from '../../lib/component.js'
import { collect, EXIT, Problem, throwAll } from '../../lib/diag/problem.js'
import type { Test } from '../../lib/testing/tap.js'

const since = '0.1.0'

export default tool({
  name: 'test',
  summary: 'run the tests of pipelines',
  description: `
    Runs tests one after the other, and prints in the form of the Test Anything Protocol (TAP 13) which passed, and
    what differs where one failed.

    A pipeline file has tests under 'tests': records that are put in at one seam of a pipe and those that have to come
    out at another. The stages between run in this process; sources, sinks and 'record' do not, nothing goes to dead
    letters, and the clock is that of the records. Programs ('exec') run. Records are compared in their canonical
    form, in order.

    A folder with a file 'cmd' is a test: 'cmd' is run by sh in this folder, reads input.ndjson, and has to write
    expected.ndjson to stdout and expected.stderr to stderr, byte for byte, and to end with the code in expected.code.
    A file that is not there stands for no input, no output, code 0. With --update what comes is recorded as what is
    expected. Folders are searched for such folders and for pipeline files with tests, but for node_modules and names
    with a dot in front.

    The exit code is 0 where all tests passed, 1 where one failed, and 2 where there are none or they are wrong;
    nothing is run then.`,
  since,
  args: [{ name: 'FILE', help: 'pipeline files, or folders of tests', variadic: true, path: true }],
  options: {
    update: { type: 'bool', help: 'record what folders of tests give as what is expected of them', since },
    timeout: { type: 'duration', default: '1m', min: '1ms', help: 'time that a test may take', since },
    max_output: { type: 'bytes', default: '64MiB', help: 'most bytes that the command of a test may write', since },
  },
  examples: [
    { command: 'solder test test/', about: 'run the tests of a folder', needs: 'tests' },
    { command: "prove -e 'solder test' solder.yaml", about: 'let prove (1) sum up tests of a file', needs: 'a file' },
  ],
  async run({ args, options }, { print }, catalogue) {
    const { pipelineFiles } = await import('../../lib/config/load.js')
    const { findTests } = await import('../../lib/testing/find.js')
    const { goldenTest } = await import('../../lib/testing/golden.js')
    const { runTests } = await import('../../lib/testing/tap.js')
    const { stopSignal } = await import('../../lib/io/signal.js')
    const problems: Problem[] = []
    const golden = { timeout: options.timeout, maxOutput: options.max_output, update: options.update }
    const tests: Test[] = []
    for (const path of await pipelineFiles(args)) {
      const found = await collect(problems, () => findTests(path))
      tests.push(...(found?.folders ?? []).map((folder) => goldenTest(folder, golden)))
      for (const file of found?.files ?? []) tests.push(...(await testsOf(file, options.timeout, catalogue, problems)))
    }
    throwAll(problems)
    const failed = await runTests(tests, print, stopSignal())
    return failed > 0 ? EXIT.failed : EXIT.done
  },
})

/** The tests of a pipeline file; what is wrong is added to the problems. */
async function testsOf(file: string, timeout: number, catalogue: Catalogue, problems: Problem[]): Promise<Test[]> {
  const { loadPipeline } = await import('../../lib/config/load.js')
  const { pipeTest } = await import('../../lib/testing/pipe.js')
  const loaded = await loadPipeline([file], languageOf(catalogue))
  problems.push(...loaded.problems)
  const found: Test[] = []
  for (const test of loaded.tests) await collect(problems, async () => void found.push(await pipeTest(test, timeout)))
  if (loaded.problems.length + loaded.tests.length === 0) {
    problems.push(new Problem(`there are no tests in ${file}`, { expected: "'tests' with a test in it" }))
  }
  return found
}
