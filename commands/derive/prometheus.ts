// derive prometheus: metrics of OpenTelemetry become those of Prometheus, as its own OTLP endpoint would store them.

import { contradictions, settingsOf, TO_PROMETHEUS_OPTIONS } from '../../lib/bridge/otlp_prometheus/options.js'
import { filter } from '../../lib/component.js'
import { throwAll } from '../../lib/diag/problem.js'

export default filter({
  name: 'derive prometheus',
  summary: 'turn metrics of OpenTelemetry into series of Prometheus',
  description: `
    Translates the data points that 'receive otlp' makes as Prometheus 3 does with what its own OTLP endpoint is sent: names
    with unit and type, attributes as labels, job and instance of the attributes that identify a service, histograms as
    classic ones and exponential ones as native histograms, exemplars, start times. A resource with further attributes is
    told by the series target_info, every --target-info-every. Metadata goes out before the first sample of a family, and when
    it changes.

    Deltas are refused, as Prometheus does; --delta keep passes their values as they are, with no type, and --delta add
    adds sums up to what they would be as cumulative ones. 'derive cumulative' does that for histograms, too, and keeps
    what they came to.

    Records that are no data points of OTLP pass as they are. A sample of which no more is known than its name, labels, type,
    time and value is taken for one of Prometheus.`,
  since: '0.1.0',
  accepts: ['metric'],
  emits: ['metric', 'metadata', 'same'],
  guarantee: `Data points that Prometheus would not take are rejected as 'untranslatable'. Samples beyond the first of each
    point are counted as made. With --delta add the sums begin at zero when the command starts.`,
  args: [],
  options: TO_PROMETHEUS_OPTIONS,
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
    return new PrometheusTransform(settingsOf(options), context)
  },
})
