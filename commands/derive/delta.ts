// derive delta: cumulative points are taken apart.

import { TEMPORALITY_OPTIONS } from '../../lib/bridge/temporality/options.js'
import { filter } from '../../lib/component.js'
import { STATE_OPTIONS } from '../../lib/state/options.js'

const POINTS = [7, 12].map(
  (value, i) =>
    `'{"type":"metric","name":"sold","kind":"counter","temporality":"cumulative","monotonic":true,` +
    `"ts":"${i + 2}","start":"1","value":${value},"int":true}'`,
)

export default filter({
  name: 'derive delta',
  summary: 'turn metrics of OpenTelemetry into what came since the last time',
  description: `
    Turns points of cumulative temporality into deltas: monotonic sums, histograms and exponential histograms, each
    series by itself. A point says what came since the one before it. The first one of a series is dropped, unless it
    says that the series began after this command did (--initial-value auto, keep or drop). Where a series has begun
    anew, because its start time says so or it has less than before, all that it has came since then. The least and
    greatest values of a histogram are those of all its time, and left out.

    Samples of Prometheus become points of OpenTelemetry by 'derive otlp'. All other records pass as they are. A point
    without a value ends its series.`,
  since: '0.1.0',
  accepts: ['metric'],
  emits: ['same'],
  guarantee: `Dropped are first points ('initial'), and histograms whose buckets are others than before
    ('bucket_mismatch'). Rejected are points that are not newer than the one before ('out_of_order'), those of more
    than --max-series series ('max_series') and what cannot be read ('bad_field'). With --state the points that others
    are compared with are kept where the command ends by itself; after a kill each series has a first point again.`,
  args: [],
  options: {
    initial_value: {
      since: '0.1.0',
      type: 'enum',
      values: ['auto', 'keep', 'drop'],
      default: 'auto',
      help: 'what to do with the first point of a series',
    },
    ...TEMPORALITY_OPTIONS,
    state: { ...STATE_OPTIONS.state, help: 'folder that keeps the last points of the series, from one run to the next' },
  },
  examples: [
    {
      command: `printf '%s\\n' ${POINTS.join(' ')} | solder derive delta --initial-value keep`,
      about: 'see what becomes of two points',
    },
    {
      command:
        'solder scrape http://127.0.0.1:9100/metrics | solder derive otlp | solder derive delta' +
        ' | solder write otlp http://otlp.example',
      about: 'send what is scraped as deltas',
      needs: 'a target and a receiver',
    },
  ],
  async create({ options }, context) {
    const { DeltaTransform } = await import('../../lib/bridge/temporality/delta.js')
    const { keeping } = await import('../../lib/state/keeping.js')
    const keep = keeping(options.state, 'derive.delta', context.log)
    const settings = { ...options, initial_value: options.initial_value as 'auto' | 'keep' | 'drop' }
    return keep.restored(new DeltaTransform(settings, context, keep.saved))
  },
})
