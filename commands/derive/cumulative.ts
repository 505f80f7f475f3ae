// derive cumulative: deltas are added up.

import { TEMPORALITY_OPTIONS } from '../../lib/bridge/temporality/options.js'
import { filter } from '../../lib/component.js'
import { STATE_OPTIONS } from '../../lib/state/options.js'

const POINT =
  '{"type":"metric","name":"sold","kind":"counter","temporality":"delta","monotonic":true,' +
  '"ts":"1763804400123000000","value":7,"int":true}'

export default filter({
  name: 'derive cumulative',
  summary: 'add up metrics of OpenTelemetry that tell what came since the last time',
  description: `
    Turns points of delta temporality into cumulative ones: sums, histograms and exponential histograms, each series
    by itself. A series begins where its first delta begins, and each point says what it came to since then.
    Exponential histograms are put together at the coarser of their scales, and at a coarser one still where there
    would be more than --max-buckets. Where the bounds of a histogram change, the series begins anew.

    Backends of Prometheus want this: solder receive otlp | solder derive cumulative | solder write prometheus URL. It
    wants all points of a series to come through the same process, in their order.

    All other records pass as they are. A point without a value ends its series.`,
  since: '0.1.0',
  accepts: ['metric'],
  emits: ['same'],
  guarantee: `Rejected are points that are not newer than the one before, or began before their series did
    ('out_of_order'), those of more than --max-series series ('max_series'), sums that are no number ('not_a_number')
    and what cannot be read ('bad_field'). What the series came to is lost with the process: they begin anew, with a
    new start time. With --state it is kept where the command ends by itself, and not after a kill, since there would
    be points missing in it.`,
  args: [],
  options: {
    ...TEMPORALITY_OPTIONS,
    max_buckets: {
      since: '0.1.0',
      group: 'Bounds',
      type: 'int',
      default: 160,
      min: 2,
      help: 'most buckets on each side of an exponential histogram',
    },
    state: { ...STATE_OPTIONS.state, help: 'folder that keeps what the series came to, from one run to the next' },
  },
  examples: [
    { command: `printf '%s\\n' '${POINT}' | solder derive cumulative`, about: 'see what becomes of a delta' },
    {
      command:
        'solder receive otlp | solder derive cumulative --state /var/lib/solder' +
        ' | solder write prometheus http://mimir.example/api/v1/push',
      about: 'send deltas to a Prometheus',
      needs: 'a sender and a receiver',
    },
  ],
  async create({ options }, context) {
    const { CumulativeTransform } = await import('../../lib/bridge/temporality/cumulative.js')
    const { keeping } = await import('../../lib/state/keeping.js')
    const keep = keeping(options.state, 'derive.cumulative', context.log)
    return keep.restored(new CumulativeTransform(options, context, keep.saved))
  },
})
