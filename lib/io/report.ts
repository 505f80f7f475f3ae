// What ended a command, said on stderr, as its exit code.

import { EXIT, type ExitCode, Problem, Problems, renderProblem } from '../diag/problem.js'
import { stderr } from './log.js'
import { ReaderGone } from './output.js'

/** @param command what messages without a place begin with, e.g. `solder relabel` */
export function report(error: unknown, command: string): ExitCode {
  if (error instanceof ReaderGone) return EXIT.readerGone
  const problems = error instanceof Problems ? error.list : error instanceof Problem ? [error] : []
  for (const problem of problems) stderr(renderProblem(problem, command))
  if (problems.length === 0) stderr(`${command}: ${(error as Error).message}`)
  if (process.env.SOLDER_DEBUG !== undefined) stderr((error as Error).stack ?? '')
  return problems.length === 0 ? EXIT.failed : problems[0].exit
}
