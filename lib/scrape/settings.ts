// From what was typed to what the scraper works with; every problem is told before anything is asked for.

import { collect, didYouMean, Problem } from '../diag/problem.js'
import { readRuleFile } from '../io/rule_file.js'
import { durationText } from '../option/value.js'
import type { OptionValues } from '../option/table.js'
import type { NameScheme } from '../relabel/name.js'
import type { RelabelRules } from '../relabel/rules.js'
import type { AppendOptions } from './append.js'
import type { FetchOptions } from './fetch.js'
import { schemaOfFactor } from './histogram.js'
import type { SCRAPE_OPTIONS } from './options.js'
import { acceptHeader, DEFAULT_PROTOCOLS, isScrapeProtocol, NATIVE_PROTOCOLS, SCRAPE_PROTOCOLS, type ScrapeProtocol } from './protocol.js'
import type { TargetDefaults } from './target.js'

type Options = OptionValues<typeof SCRAPE_OPTIONS>

/** Prometheus's default. */
const DEFAULT_TIMEOUT = 10_000

export interface Settings {
  defaults: TargetDefaults
  append: Omit<AppendOptions, 'targetLabels'>
  fetch: FetchOptions
}

/** Adds what is wrong to `problems`; the settings are of use only where nothing is. */
export async function settingsOf(options: Options, problems: Problem[]): Promise<Settings> {
  const defaults = defaultsOf(options, problems)
  const protocols = protocolsOf(options, problems)
  const scheme = options.name_validation_scheme
  const file = options.metric_relabel
  return {
    defaults,
    append: {
      honorLabels: options.honor_labels,
      metricRelabel: file === undefined ? undefined : await collect(problems, () => rulesOf(file, scheme)),
      nameScheme: scheme,
      limits: {
        labels: options.label_limit,
        nameLength: options.label_name_length_limit,
        valueLength: options.label_value_length_limit,
      },
      honorTimestamps: options.honor_timestamps,
      trackTimestampsStaleness: options.track_timestamps_staleness,
      sampleLimit: options.sample_limit,
      bucketLimit: options.native_histogram_bucket_limit,
      maxSchema: schemaOfFactor(options.native_histogram_min_bucket_factor),
    },
    fetch: {
      accept: acceptHeader(protocols, options.name_escaping_scheme ?? (scheme === 'legacy' ? 'underscores' : 'allow-utf-8')),
      compression: options.compression,
      bodySizeLimit: options.body_size_limit,
    },
  }
}

function defaultsOf(options: Options, problems: Problem[]): TargetDefaults {
  const { every } = options
  const timeout = options.timeout ?? Math.min(DEFAULT_TIMEOUT, every)
  if (timeout > every) {
    problems.push(new Problem(`--timeout: ${durationText(timeout)} is longer than the interval`, { expected: `at most --every ${durationText(every)}` }))
  }
  const params = new Map<string, string[]>()
  for (const text of options.params) {
    const at = text.indexOf('=')
    if (at <= 0) problems.push(new Problem(`--params: '${text}' is not valid`, { expected: 'name=value' }))
    else params.set(text.slice(0, at), [...(params.get(text.slice(0, at)) ?? []), text.slice(at + 1)])
  }
  return {
    job: options.job,
    scheme: options.scheme,
    metricsPath: options.metrics_path,
    interval: every,
    timeout,
    params,
    nativeHistograms: options.native_histograms,
    classicHistograms: options.classic_histograms,
    convertClassicHistograms: options.convert_classic_histograms_to_nhcb,
  }
}

function protocolsOf(options: Options, problems: Problem[]): readonly ScrapeProtocol[] {
  const named = options.scrape_protocols
  if (named.length === 0) return options.native_histograms ? NATIVE_PROTOCOLS : DEFAULT_PROTOCOLS
  for (const [i, name] of named.entries()) {
    if (!isScrapeProtocol(name)) {
      const details = { expected: SCRAPE_PROTOCOLS.join(', '), hint: didYouMean(name, SCRAPE_PROTOCOLS) }
      problems.push(new Problem(`--scrape-protocols: unknown format '${name}'`, details))
    } else if (named.indexOf(name) !== i) problems.push(new Problem(`--scrape-protocols: ${name} is given twice`))
  }
  return named.filter(isScrapeProtocol)
}

async function rulesOf(file: string, scheme: NameScheme): Promise<RelabelRules> {
  const { compileRules } = await import('../relabel/rules.js')
  return compileRules(await readRuleFile(file, scheme, '--metric-relabel'), scheme)
}
