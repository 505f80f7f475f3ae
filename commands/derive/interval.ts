// derive interval: one point of each series per interval.

import { filter } from '../../lib/component.js'

const since = '0.1.0'

export default filter({
  name: 'derive interval',
  summary: 'keep one point of each series per interval',
  description: `
    Holds the newest point of each series and passes them on every --every, counted from the first one; points that a
    newer one has replaced are left out. So metrics that come more often than somebody wants to store them become
    fewer. Of what only goes up nothing is lost but detail; of gauges and summaries what they were in between, unless
    --pass lets them through.

    It takes cumulative points of OpenTelemetry and samples of Prometheus, of which a staleness marker is the newest
    point as well. Deltas, and sums that go up and down, pass as they come, and so does everything else.`,
  since,
  accepts: ['metric'],
  emits: ['same'],
  guarantee: `What is left out is counted as 'superseded'. Beyond --max-series the point that has been held longest
    goes on before its time. What is held when the process is killed is lost, unless the source can go back: a
    checkpoint waits for what came before it.`,
  args: [],
  options: {
    every: { since, type: 'duration', default: '1m', min: '1ms', help: 'length of the interval' },
    pass: { since, type: 'list', value: 'KIND', help: 'kind of metric that is not held, such as gauge or summary' },
    max_series: { since, group: 'Bounds', type: 'int', default: 500_000, min: 1, help: 'most points held' },
  },
  examples: [
    {
      command:
        `printf '%s\\n' '{"type":"metric","name":"up","ts":"1","value":0}' ` +
        `'{"type":"metric","name":"up","ts":"2","value":1}' | solder derive interval`,
      about: 'see the newest point alone',
    },
    {
      command:
        'solder receive otlp | solder derive interval --every 1m --pass gauge' +
        ' | solder write prometheus http://mimir.example/api/v1/push',
      about: 'store what SDKs send every second once a minute',
      needs: 'a sender and a receiver',
    },
  ],
  async create({ options }, context) {
    const { IntervalTransform } = await import('../../lib/bridge/temporality/interval.js')
    return new IntervalTransform({ ...options, pass: new Set(options.pass) }, context)
  },
})
