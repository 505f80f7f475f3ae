// sampling: keeps a share of the entries, chosen by chance.

import { Problem } from '../../diag/problem.js'
import { defineStage } from '../definition.js'
import { DROP_REASON } from '../source.js'

export default defineStage({
  name: 'sampling',
  options: {
    rate: { type: 'float', help: 'share of the entries that stays: 0 to 1', since: '0.1.0' },
    drop_counter_reason: { ...DROP_REASON, default: 'sampling_stage' },
  },
  prepare({ rate, drop_counter_reason }) {
    if (rate === undefined || !(rate >= 0 && rate <= 1)) {
      const received = rate === undefined ? 'nothing' : rate.toFixed(6)
      const wrong = `Sampling Rate must be between 0.0 and 1.0, received ${received}`
      throw new Problem(`sampling stage failed to parse rate,${wrong}`)
    }
    return () => ({ process: () => (Math.random() < rate ? undefined : drop_counter_reason) })
  },
})
