// derive otlp: metrics of Prometheus become those of OpenTelemetry.

import { TO_OTLP_OPTIONS } from '../../lib/bridge/prometheus_otlp/options.js'
import { filter } from '../../lib/component.js'

export default filter({
  name: 'derive otlp',
  summary: 'turn series of Prometheus into metrics of OpenTelemetry',
  description: `
    Translates what 'scrape' and 'receive prometheus' make as the OpenTelemetry specification says ("Prometheus and
    OpenMetrics Compatibility"): counters become monotonic sums, info and stateset other sums, gauges and what is of
    unknown type gauges, native histograms exponential ones, or explicit ones where their buckets are custom. The
    series of a classic histogram or summary become one data point; they wait for one another until all are there that
    were there last time, for --join-wait at most. A staleness marker becomes a point that says that no value was
    recorded. Start times and exemplars are kept, trace_id and span_id of these in the fields that OTLP has for them.
    Series end in '_created' only where 'scrape' was not told to read them as start times; they are gauges.

    job and instance become the attributes service.name and service.instance.id of the resource, the labels of the
    series target_info attributes of the same resource from then on; labels that begin with otel_scope_ become the
    scope. Type, unit and help of a family, which metadata records tell, go with each of its metrics; a family that
    differs from target to target keeps what was told first. What is of no known type is a gauge.

    Names stay, unless --trim-suffixes is given. What OTLP cannot tell, and 'derive prometheus' needs to make the same
    series again, goes along in the metadata of the metric: its type as prometheus.type, as the specification wants
    it, and under solder.prometheus what would otherwise be guessed wrong.

    'write otlp' does the same with what it is given of Prometheus, so that this command is for those who want to see
    it. Metrics of OpenTelemetry and other records pass as they are.`,
  since: '0.1.0',
  accepts: ['metric', 'metadata'],
  emits: ['metric', 'same'],
  guarantee: `Rejected as 'untranslatable' are samples that OTLP has no form for: gauge histograms, native histograms
    that count parts of observations, classic ones whose counts are no whole numbers, fall from bucket to bucket or
    lack _count, and parts that came too late. Parts beyond the first of each point, metadata and target_info are
    counted as 'joined'. What is held when the process is killed is lost, unless the source can go back: a checkpoint
    waits for what came before it.`,
  args: [],
  options: TO_OTLP_OPTIONS,
  examples: [
    {
      command:
        `printf '%s\\n' '{"type":"metadata","name":"jobs_total","kind":"counter","help":"Jobs done."}' ` +
        `'{"type":"metric","name":"jobs_total","labels":{"instance":"a:9100","job":"shop","queue":"mail"},"kind":"counter",` +
        `"ts":"1763804400123000000","value":7}' | solder derive otlp`,
      about: 'see what becomes of a sample',
    },
    {
      command: 'solder scrape http://127.0.0.1:9100/metrics | solder derive otlp | solder write file metrics.ndjson',
      about: 'keep what a target says as metrics of OpenTelemetry',
      needs: 'a target',
    },
  ],
  async create({ options }, context) {
    const { OtlpTransform } = await import('../../lib/bridge/prometheus_otlp/transform.js')
    return new OtlpTransform(options, context)
  },
})
