// What the receivers of a command need, checked before anything is sent.

import { collect, Problem, throwAll } from '../diag/problem.js'
import { readRuleFile } from '../io/rule_file.js'
import type { HttpClient } from '../net/client.js'
import type { RelabelRules } from '../relabel/rules.js'
import { checkUrls, clientsOf, type ReceiverOptions } from './receivers.js'

type Options = ReceiverOptions & {
  readonly write_relabel: string | undefined
  readonly min_backoff: number
  readonly max_backoff: number
}

/** A client for each URL, and the rules for what is sent. Throws every Problem at once. */
export async function prepareReceivers(
  urls: readonly string[],
  options: Options,
): Promise<{ clients: HttpClient[]; rules: RelabelRules | null }> {
  const problems: Problem[] = []
  await collect(problems, () => checkUrls(urls))
  if (options.min_backoff > options.max_backoff) {
    problems.push(new Problem('--min-backoff is longer than --max-backoff'))
  }
  if (options.min_concurrency > options.concurrency) {
    problems.push(new Problem('--min-concurrency is more than --concurrency'))
  }
  const rules = await collect(problems, () => rulesOf(options.write_relabel))
  const clients = await collect(problems, () => clientsOf(urls, options))
  throwAll(problems)
  return { clients: clients!, rules: rules! }
}

async function rulesOf(file: string | undefined): Promise<RelabelRules | null> {
  if (file === undefined) return null
  const { compileRules } = await import('../relabel/rules.js')
  return compileRules(await readRuleFile(file, 'utf8', '--write-relabel'))
}
