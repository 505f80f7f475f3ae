// How data points of OTLP become samples of Prometheus: the options of those who translate them.

import { Problem } from '../../diag/problem.js'
import type { OptionValues } from '../../option/table.js'
import { STRATEGIES, type Strategy } from './names.js'
import type { Settings } from './translator.js'

const since = '0.1.0'
const group = 'Metrics of OpenTelemetry'
const common = { since, group } as const

export const TO_PROMETHEUS_OPTIONS = {
  translation_strategy: {
    ...common,
    type: 'enum',
    values: Object.keys(STRATEGIES),
    default: 'UnderscoreEscapingWithSuffixes',
    help: 'whether characters become underscores, and whether unit and type are told by the name',
  },
  namespace: { ...common, type: 'string', default: '', help: 'what every name begins with' },
  label_name_underscore_sanitization: {
    ...common,
    type: 'bool',
    default: true,
    help: "put 'key' in front of labels that begin with one underscore",
  },
  label_name_preserve_multiple_underscores: { ...common, type: 'bool', default: true, help: 'keep runs of underscores in labels' },
  enable_type_and_unit_labels: { ...common, type: 'bool', help: 'tell type and unit by the labels __type__ and __unit__' },
  promote_resource_attributes: { ...common, type: 'list', value: 'NAME', help: 'attribute of resources that becomes a label' },
  promote_all_resource_attributes: { ...common, type: 'bool', help: 'all of them do' },
  ignore_resource_attributes: {
    ...common,
    type: 'list',
    value: 'NAME',
    help: 'attribute that does not, with --promote-all-resource-attributes',
  },
  keep_identifying_resource_attributes: {
    ...common,
    type: 'bool',
    help: 'tell service.name, service.namespace and service.instance.id by target_info, too',
  },
  promote_scope_metadata: { ...common, type: 'bool', help: 'tell the scope by labels that begin with otel_scope_' },
  target_info: { ...common, type: 'bool', default: true, help: 'make the series target_info' },
  target_info_every: {
    ...common,
    type: 'duration',
    default: '2m30s',
    min: '1s',
    help: 'time between its samples: half of that for which queries look back',
  },
  convert_histograms_to_nhcb: { ...common, type: 'bool', help: 'make native histograms with custom buckets of explicit ones' },
  delta: { ...common, type: 'enum', values: ['refuse', 'keep', 'add'], default: 'refuse', help: 'what to do with deltas' },
  max_series: {
    ...common,
    type: 'int',
    default: 500_000,
    min: 1,
    help: 'series added up, resources, families and warnings remembered; those unseen for longest are forgotten first',
  },
} as const

type Options = OptionValues<typeof TO_PROMETHEUS_OPTIONS>

export function settingsOf(options: Options): Settings {
  return {
    ...options,
    translation_strategy: options.translation_strategy as Strategy,
    promote_resource_attributes: new Set(options.promote_resource_attributes),
    ignore_resource_attributes: new Set(options.ignore_resource_attributes),
    allow_delta_temporality: options.delta === 'keep',
    convert_delta: options.delta === 'add',
    disable_target_info: !options.target_info,
    lookback_delta_ms: 2 * options.target_info_every,
  }
}

/** What was typed, and contradicts itself. */
export function contradictions(options: Options): Problem[] {
  const problems: Problem[] = []
  const all = options.promote_all_resource_attributes
  if (all && options.promote_resource_attributes.length > 0)
    problems.push(new Problem('--promote-all-resource-attributes and --promote-resource-attributes exclude each other'))
  if (!all && options.ignore_resource_attributes.length > 0)
    problems.push(new Problem('--ignore-resource-attributes is for --promote-all-resource-attributes'))
  return problems
}
