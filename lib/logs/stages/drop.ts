// drop: drops entries that fulfil all of its conditions.

import { Problem } from '../../diag/problem.js'
import { millisOf } from '../../record/time.js'
import { defineStage } from '../definition.js'
import type { LogEntry } from '../entry.js'
import { DROP_REASON, searching } from '../source.js'
import { longerThan, textOf } from '../text.js'

export default defineStage({
  name: 'drop',
  options: {
    source: {
      type: 'string', since: '0.1.0', value: 'FIELDS',
      help: 'fields, separated by commas, that are there, or that value or expression is about',
    },
    value: { type: 'string', help: 'what the fields are, joined by the separator', since: '0.1.0' },
    expression: {
      type: 'string', since: '0.1.0',
      help: 'an RE2 expression that matches the line, or the fields joined by the separator',
    },
    separator: { type: 'string', default: ';', help: 'what joins the fields', since: '0.1.0' },
    older_than: { type: 'duration', help: 'the entry is older than that', since: '0.1.0' },
    longer_than: { type: 'bytes', help: 'the line has more bytes than that', since: '0.1.0' },
    drop_counter_reason: { ...DROP_REASON, default: 'drop_stage' },
  },
  prepare(options) {
    const { source = '', value = '', expression = '', separator, drop_counter_reason } = options
    const { older_than = 0, longer_than = 0 } = options
    if (source === '' && expression === '' && older_than === 0 && longer_than === 0) {
      const any = '`source`, `expression`, `older_than` or `longer_than`'
      throw new Problem(`drop stage config must contain at least one of ${any}`)
    }
    if (value !== '' && expression !== '') {
      throw new Problem('drop stage config error, `value` and `expression` cannot both be defined at the same time.')
    }
    if (value !== '' && source === '') {
      throw new Problem('drop stage config must contain `source` if `value` is specified')
    }
    const pattern = expression === '' ? null : searching(expression, 'drop stage regex compilation error')
    const sources = source === '' ? [] : source.split(',')
    const between = separator === '' ? ';' : separator
    return ({ clock }) => {
      const meets = (entry: LogEntry): boolean => {
        if (longer_than > 0 && !longerThan(entry.line, longer_than)) return false
        if (older_than > 0 && millisOf(entry.ts) >= clock.millis() - older_than) return false
        if (value === '' && pattern === null) return sources.every((name) => entry.get(name) !== undefined)
        const text = sources.length === 0 ? entry.line : joined(entry, sources, between)
        if (text === undefined) return false
        return pattern === null ? text === value : pattern.test(text)
      }
      const reason = drop_counter_reason === '' ? 'drop_stage' : drop_counter_reason
      return { process: (entry) => (meets(entry) ? reason : undefined) }
    }
  },
})

/** The fields that are there; undefined where one of them is no text. */
function joined(entry: LogEntry, sources: readonly string[], separator: string): string | undefined {
  const texts: string[] = []
  for (const name of sources) {
    const value = entry.get(name)
    if (value === undefined) continue
    const text = textOf(value)
    if (text === undefined) return undefined
    texts.push(text)
  }
  return texts.join(separator)
}
