// `npm run conformance [DIR]`: runs every suite found in DIR and prints a line per suite, then the failures.

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { ROOT } from '../support/solder.js'
import { RUNNERS } from './runners.js'
import type { Case, Runner, SuiteFile } from './suite.js'

export interface Outcome {
  suite: string
  passed: string[]
  failed: { name: string; message: string }[]
  excepted: { name: string; reason: string }[]
  /** Cases of a suite that nothing serves yet. */
  notRun: number
}

/** Where the cases are unless told otherwise. */
export const DEFAULT_DIRECTORY = resolve(ROOT, '../shared/conformance')

const exceptions = JSON.parse(readFileSync(`${ROOT}/test/conformance/exceptions.json`, 'utf8')) as {
  [suite: string]: { [name: string]: string }
}

export async function runSuites(directory: string): Promise<Outcome[]> {
  if (!existsSync(directory)) return []
  const outcomes: Outcome[] = []
  for (const name of readdirSync(directory).filter((file) => file.endsWith('.json')).sort()) {
    const file = JSON.parse(readFileSync(join(directory, name), 'utf8')) as SuiteFile
    if (Array.isArray(file.cases)) outcomes.push(await runSuite(file, RUNNERS[file.suite]))
  }
  return outcomes
}

async function runSuite(file: SuiteFile, runner: Runner | undefined): Promise<Outcome> {
  const outcome: Outcome = { suite: file.suite, passed: [], failed: [], excepted: [], notRun: 0 }
  if (runner === undefined) return { ...outcome, notRun: file.cases.length }
  const left = file.cases.entries()
  const results: (() => void)[] = []
  const work = async () => {
    for (const [index, test] of left) results[index] = await resultOf(test, file.suite, runner, outcome)
  }
  await Promise.all(Array.from({ length: runner.together ?? 1 }, work))
  for (const add of results) add()
  return outcome
}

/** Runs a case; what adds its result to the outcome. */
async function resultOf(test: Case, suite: string, runner: Runner, outcome: Outcome): Promise<() => void> {
  const { name } = test
  const reason = exceptions[suite]?.[name]
  if (reason !== undefined) return () => outcome.excepted.push({ name, reason })
  try {
    await runner(test)
    return () => outcome.passed.push(name)
  } catch (error) {
    return () => outcome.failed.push({ name, message: (error as Error).message })
  }
}

/** The report for people. */
export function report(outcomes: readonly Outcome[]): string {
  const lines: string[] = []
  for (const { suite, passed, failed, excepted, notRun } of outcomes) {
    const also = excepted.length > 0 ? `, ${excepted.length} excepted` : ''
    lines.push(notRun > 0 ? `${suite}: not run (${notRun} cases)` : `${suite}: ${passed.length} passed, ${failed.length} failed${also}`)
  }
  for (const { suite, failed, excepted } of outcomes) {
    for (const { name, reason } of excepted) lines.push(`excepted ${suite}: ${name}: ${reason}`)
    for (const { name, message } of failed) lines.push(`FAILED ${suite}: ${name}`, `  ${message.replaceAll('\n', '\n  ')}`)
  }
  return lines.join('\n') + '\n'
}
