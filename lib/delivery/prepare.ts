// What the receivers of a command need, checked before anything is sent.

import { contradictions, type TO_PROMETHEUS_OPTIONS } from '../bridge/otlp_prometheus/options.js'
import { collect, type Problem, throwAll } from '../diag/problem.js'
import { readRuleFile } from '../io/rule_file.js'
import type { HttpClient } from '../net/client.js'
import type { OptionValues } from '../option/table.js'
import type { RelabelRules } from '../relabel/rules.js'
import { checkBounds, checkUrls, clientsOf, type DestinationOptions } from './destinations.js'

type Options = DestinationOptions &
  OptionValues<typeof TO_PROMETHEUS_OPTIONS> & { readonly write_relabel: string | undefined }

/** A client for each URL, and the rules for what is sent. Throws every Problem at once. */
export async function prepareReceivers(
  urls: readonly string[],
  options: Options,
): Promise<{ clients: HttpClient[]; rules: RelabelRules | null }> {
  const problems: Problem[] = contradictions(options)
  await collect(problems, () => checkUrls(urls, 'http://127.0.0.1:9090/api/v1/write'))
  await collect(problems, () => checkBounds(options))
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
