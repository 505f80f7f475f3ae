// derive prometheus: metrics of OpenTelemetry become those of Prometheus, as its own OTLP endpoint would store them.

import { STRATEGIES, type Strategy } from '../../lib/bridge/otlp_prometheus/names.js'
import { filter } from '../../lib/component.js'
import { Problem, throwAll } from '../../lib/diag/problem.js'

const since = '0.1.0'
const names = { since, group: 'Names' } as const
const resources = { since, group: 'Resources and scopes' } as const

export default filter({
  name: 'derive prometheus',
  summary: 'turn metrics of OpenTelemetry into series of Prometheus',
  description: `
    Translates the data points that 'receive otlp' makes as Prometheus 3 does with what its own OTLP endpoint is sent: names
    with unit and type, attributes as labels, job and instance of the attributes that identify a service, histograms as
    classic ones and exponential ones as native histograms, exemplars, start times. A resource with further attributes is
    told by the series target_info, every --target-info-every. Metadata goes out before the first sample of a family, and when
    it changes.

    Deltas are refused, as Prometheus does; --delta keep passes their values as they are, with no type, and --delta add adds
    sums up to what they would be as cumulative ones.

    Records that are no data points of OTLP pass as they are. A sample of which no more is known than its name, labels, type,
    time and value is taken for one of Prometheus.`,
  since,
  accepts: ['metric'],
  emits: ['metric', 'metadata', 'same'],
  guarantee: `Data points that Prometheus would not take are rejected as 'untranslatable'. Samples beyond the first of each
    point are counted as made. With --delta add the sums begin at zero when the command starts.`,
  args: [],
  options: {
    translation_strategy: {
      ...names,
      type: 'enum',
      values: Object.keys(STRATEGIES),
      default: 'UnderscoreEscapingWithSuffixes',
      help: 'whether characters become underscores, and whether unit and type are told by the name',
    },
    namespace: { ...names, type: 'string', default: '', help: 'what every name begins with' },
    label_name_underscore_sanitization: {
      ...names,
      type: 'bool',
      default: true,
      help: "put 'key' in front of labels that begin with one underscore",
    },
    label_name_preserve_multiple_underscores: { ...names, type: 'bool', default: true, help: 'keep runs of underscores in labels' },
    enable_type_and_unit_labels: { ...names, type: 'bool', help: 'tell type and unit by the labels __type__ and __unit__' },
    promote_resource_attributes: { ...resources, type: 'list', value: 'NAME', help: 'attribute of resources that becomes a label' },
    promote_all_resource_attributes: { ...resources, type: 'bool', help: 'all of them do' },
    ignore_resource_attributes: {
      ...resources,
      type: 'list',
      value: 'NAME',
      help: 'attribute that does not, with --promote-all-resource-attributes',
    },
    keep_identifying_resource_attributes: {
      ...resources,
      type: 'bool',
      help: 'tell service.name, service.namespace and service.instance.id by target_info, too',
    },
    promote_scope_metadata: { ...resources, type: 'bool', help: 'tell the scope by labels that begin with otel_scope_' },
    target_info: { ...resources, type: 'bool', default: true, help: 'make the series target_info' },
    target_info_every: {
      ...resources,
      type: 'duration',
      default: '2m30s',
      min: '1s',
      help: 'time between its samples: half of that for which queries look back',
    },
    convert_histograms_to_nhcb: { since, type: 'bool', help: 'make native histograms with custom buckets of explicit ones' },
    delta: { since, type: 'enum', values: ['refuse', 'keep', 'add'], default: 'refuse', help: 'what to do with deltas' },
    max_series: {
      since,
      group: 'Bounds',
      type: 'int',
      default: 500_000,
      min: 1,
      help: 'series added up, resources, families and warnings remembered; those unseen for longest are forgotten first',
    },
  },
  check: ({ options }) => throwAll(contradictions(options)),
  examples: [
    {
      command: 'solder receive otlp | solder derive prometheus | solder write prometheus http://mimir.example/api/v1/push',
      about: 'send the metrics of OpenTelemetry SDKs to a Prometheus',
      needs: 'a sender and a receiver',
    },
    {
      command:
        `printf '%s\\n' '{"type":"metric","name":"cpu.time","labels":{"cpu.mode":"user"},"resource":{"service.name":"shop"},` +
        `"kind":"counter","unit":"s","temporality":"cumulative","monotonic":true,"ts":"1763804400123000000","value":7}'` +
        ' | solder derive prometheus',
      about: 'see what becomes of a data point',
    },
  ],
  async create({ options }, context) {
    throwAll(contradictions(options))
    const { PrometheusTransform } = await import('../../lib/bridge/otlp_prometheus/transform.js')
    const settings = {
      ...options,
      translation_strategy: options.translation_strategy as Strategy,
      promote_resource_attributes: new Set(options.promote_resource_attributes),
      ignore_resource_attributes: new Set(options.ignore_resource_attributes),
      allow_delta_temporality: options.delta === 'keep',
      convert_delta: options.delta === 'add',
      disable_target_info: !options.target_info,
      lookback_delta_ms: 2 * options.target_info_every,
    }
    return new PrometheusTransform(settings, context)
  },
})

interface Promotion {
  promote_all_resource_attributes: boolean
  promote_resource_attributes: readonly string[]
  ignore_resource_attributes: readonly string[]
}

function contradictions(options: Promotion): Problem[] {
  const problems: Problem[] = []
  const all = options.promote_all_resource_attributes
  if (all && options.promote_resource_attributes.length > 0)
    problems.push(new Problem('--promote-all-resource-attributes and --promote-resource-attributes exclude each other'))
  if (!all && options.ignore_resource_attributes.length > 0)
    problems.push(new Problem('--ignore-resource-attributes is for --promote-all-resource-attributes'))
  return problems
}
