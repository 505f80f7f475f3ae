// filter match: keeps the log entries that a LogQL selector selects.

import { filter, type RowTransform } from '../../lib/component.js'
import { LOG_FILTER } from '../../lib/logs/command.js'
import { LogEntry } from '../../lib/logs/entry.js'
import { parseSelector } from '../../lib/logql/selector.js'

export default filter({
  ...LOG_FILTER,
  name: 'filter match',
  summary: 'keep the log entries that a LogQL selector selects',
  description: `
    Keeps the log entries that SELECTOR selects, and drops the others; with --invert it is the other way round. The
    selector is one of LogQL, with line filters: {app="shop",level!="debug"} |= "error" !~ "health". Without line
    filters it is decided once for each stream. Records that are no log entries pass.`,
  guarantee: "Entries that are dropped are counted under 'filtered'.",
  args: [{ name: 'SELECTOR', help: 'a selector of LogQL, in quotes', required: true }],
  options: { invert: { type: 'bool', help: 'drop what is selected, and keep the others', since: '0.1.0' } },
  check: ({ args }) => void parseSelector(args[0]),
  examples: [
    {
      command: `printf '%s\\n' '{"type":"log","labels":{"app":"shop"},"ts":"1763804400123000000","body":"paid"}' | solder filter match '{app=~"shop|cart"} |= "paid"'`,
      about: 'keep some lines of two applications',
    },
    {
      command: `solder filter match --invert '{app="shop"} |= "healthz"' < /dev/null`,
      about: 'drop the lines of health checks',
    },
  ],
  create({ args, options: { invert } }): RowTransform {
    const selector = parseSelector(args[0])
    const byIdentity = selector.filters.length === 0
    return {
      reason: 'filtered',
      byIdentity: () => byIdentity,
      identity: (id) => (selector.labels(id.labels) === invert ? null : id),
      row(batch, row, id) {
        const entry = new LogEntry({ identity: id, payload: batch.payload(row) }, 0, false)
        return (selector.labels(id.labels) && selector.line(entry.line)) !== invert
      },
    }
  },
})
