// The command behind `npm run conformance`.

import { DEFAULT_DIRECTORY, report, runSuites } from './run.js'

const directory = process.argv[2] ?? DEFAULT_DIRECTORY
const outcomes = await runSuites(directory)
if (outcomes.length === 0) process.stderr.write(`no suites in ${directory}\n`)
process.stdout.write(report(outcomes))
process.exitCode = outcomes.length === 0 || outcomes.some((outcome) => outcome.failed.length > 0) ? 1 : 0
