// The suite scrape_target_labels: what was found to a target's labels, its URL, or the reason why it is none.

import { deepEqual, equal, throws } from 'node:assert/strict'
import { parseDuration } from '../../../lib/option/value.js'
import { type Labels, labelPairs } from '../../../lib/record/labels.js'
import type { RuleConfig } from '../../../lib/relabel/config.js'
import { discoveredLabels, type TargetDefaults, targetLabels, targetUrl } from '../../../lib/scrape/target.js'
import type { Case } from '../suite.js'
import { labelsIn, rulesIn } from './scrape_support.js'

interface ScrapeConfig {
  job_name?: string
  scheme?: string
  metrics_path?: string
  scrape_interval?: string
  scrape_timeout?: string
  params?: { [name: string]: string[] }
  relabel_configs?: RuleConfig[]
  scrape_native_histograms?: boolean
  always_scrape_classic_histograms?: boolean
  convert_classic_histograms_to_nhcb?: boolean
}

interface Expected {
  labels?: { [name: string]: string }
  labels_include?: { [name: string]: string }
  discovered_labels?: { [name: string]: string }
  error?: string | null
  url?: string
  targets?: number
  failures?: string[]
  dropped_targets?: number
}

function defaultsOf(config: ScrapeConfig): TargetDefaults {
  return {
    job: config.job_name ?? '',
    scheme: config.scheme ?? 'http',
    metricsPath: config.metrics_path ?? '/metrics',
    interval: parseDuration(config.scrape_interval ?? '1m')!,
    timeout: parseDuration(config.scrape_timeout ?? '10s')!,
    params: new Map(Object.entries(config.params ?? {})),
    nativeHistograms: config.scrape_native_histograms ?? false,
    classicHistograms: config.always_scrape_classic_histograms ?? false,
    convertClassicHistograms: config.convert_classic_histograms_to_nhcb ?? false,
  }
}

const shown = (labels: Labels | null) => Object.fromEntries(labelPairs(labels ?? []))

export async function target(test: Case): Promise<void> {
  const config = (test.scrape_config ?? (await configIn(test.config_yaml as string))) as ScrapeConfig
  const expected = test.expected as Expected
  if (test.kind === 'target_url') return equal(targetUrl(labelsIn(test.labels), defaultsOf(config).params), expected.url)
  const rules = rulesIn(config.relabel_configs)
  const populate = (found: unknown) => targetLabels(discoveredLabels(labelsIn(found), defaultsOf(config)), rules)
  const group = test.group as { targets: unknown[]; labels?: object } | undefined
  if (group !== undefined) return ofGroup(group, populate, expected)
  if (typeof expected.error === 'string') {
    throws(() => populate(test.discovered_labels), Error)
    return
  }
  const labels = shown(populate(test.discovered_labels))
  if (expected.labels !== undefined) deepEqual(labels, expected.labels)
  if (expected.discovered_labels !== undefined) {
    deepEqual(shown(discoveredLabels(labelsIn(test.discovered_labels), defaultsOf(config))), expected.discovered_labels)
  }
  for (const [name, value] of Object.entries(expected.labels_include ?? {})) equal(labels[name], value)
}

/** Targets of a group; how many dropped ones a server would list is a matter of its pages. */
function ofGroup(
  group: { targets: unknown[]; labels?: object }, populate: (found: unknown) => Labels | null, expected: Expected,
): void {
  const failures: string[] = []
  let targets = 0
  let dropped = 0
  for (const [i, found] of group.targets.entries()) {
    try {
      if (populate({ ...group.labels, ...(found as object) }) === null) dropped++
      else targets++
    } catch (error) {
      failures.push(`instance ${i} in group : ${(error as Error).message}`)
    }
  }
  equal(targets, expected.targets)
  if (expected.failures !== undefined) deepEqual(failures, expected.failures)
  if (expected.dropped_targets !== undefined) equal(dropped, expected.dropped_targets)
}

async function configIn(yaml: string): Promise<ScrapeConfig> {
  const { parse } = await import('yaml')
  return (parse(yaml) as { scrape_configs: ScrapeConfig[] }).scrape_configs[0]
}
