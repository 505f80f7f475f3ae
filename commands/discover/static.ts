// discover static: targets from the command line.

import { source } from '../../lib/component.js'
import { Problem, throwAll } from '../../lib/diag/problem.js'
import { Known } from '../../lib/discovery/known.js'

export default source({
  name: 'discover static',
  summary: 'make target records from addresses',
  description: `
    Emits one target record for every address, in the given order, and ends.
    Each has the label __address__ and those of --label; labels that begin with two underscores tell the scraper how to
    scrape (__scheme__, __metrics_path__, __param_NAME, __scrape_interval__ …) and do not reach its series.`,
  since: '0.1.0',
  accepts: [],
  emits: ['target'],
  guarantee: 'Every address becomes a record.',
  args: [{ name: 'TARGET', help: 'an address, HOST:PORT', required: true, variadic: true }],
  options: {
    label: { type: 'map', value: 'NAME=VALUE', help: 'a label of every target', since: '0.1.0' },
  },
  examples: [
    {
      command: 'solder discover static 127.0.0.1:9100 127.0.0.1:9090 --label env=test',
      about: 'two targets with a label',
    },
    {
      command: 'solder discover static 127.0.0.1:9100 --label job=node | solder scrape --every 15s',
      about: 'scrape a target',
      needs: 'a running exporter',
    },
  ],
  async run({ args, options }, context) {
    throwAll(args.flatMap(addressFault))
    const known = new Known()
    known.set('arguments', [{ targets: args, labels: options.label }])
    await context.emit(known.changes())
  },
})

function addressFault(address: string): Problem[] {
  if (address !== '' && !address.includes('/')) return []
  const hint = /^https?:/.test(address)
    ? 'scheme and path are labels: --label __scheme__=https --label __metrics_path__=/path'
    : undefined
  return [new Problem(`'${address}' is not an address`, { expected: 'HOST:PORT', hint })]
}
