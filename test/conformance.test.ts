// The conformance suites as part of the tests: an assertion per case, a skip per suite that nothing serves yet.

import t from 'tap'
import { DEFAULT_DIRECTORY, runSuites } from './conformance/run.js'

const outcomes = await runSuites(DEFAULT_DIRECTORY)
if (outcomes.length === 0) t.pass('no conformance cases', { skip: `missing: ${DEFAULT_DIRECTORY}` })
for (const { suite, passed, failed, notRun } of outcomes) {
  if (notRun > 0) t.pass(suite, { skip: 'not run: no runner yet' })
  else {
    for (const { name, message } of failed) t.fail(`${suite}: ${name}`, { message })
    for (const name of passed) t.pass(`${suite}: ${name}`)
  }
}
