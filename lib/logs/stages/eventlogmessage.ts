// eventlogmessage: extracts the `Key: value` lines of a Windows event's message.

import { Problem } from '../../diag/problem.js'
import { defineStage } from '../definition.js'
import { isLabelName, labelNameOf, textOf } from '../text.js'

/** Options that both stages for Windows events have. */
export const EVENT_OPTIONS = {
  source: { type: 'string', default: 'message', help: 'field with the message', since: '0.1.0', value: 'FIELD' },
  drop_invalid_labels: {
    type: 'bool', since: '0.1.0',
    help: 'leave out keys that are no label names, instead of changing them',
  },
  overwrite_existing: {
    type: 'bool', since: '0.1.0',
    help: 'overwrite fields of the same name, instead of adding _extracted to the new one',
  },
} as const

export default defineStage({
  name: 'eventlogmessage',
  options: EVENT_OPTIONS,
  prepare({ source, drop_invalid_labels, overwrite_existing }) {
    if (!isLabelName(source)) {
      throw new Problem(`invalid label name: ${source}`, { expected: 'letters, digits and _, no digit first' })
    }
    return () => ({
      process(entry) {
        const value = entry.get(source)
        if (value === undefined) return undefined
        const text = textOf(value)
        if (text === undefined) return 'invalid_message'
        for (const line of text.split('\r\n')) {
          const colon = line.indexOf(':')
          if (colon < 0) continue
          let key = line.slice(0, colon)
          if (!isLabelName(key)) {
            if (drop_invalid_labels) continue
            key = labelNameOf(key)
          }
          if (!overwrite_existing && entry.get(key) !== undefined) key += '_extracted'
          entry.set(key, line.slice(colon + 1).trim())
        }
        return undefined
      },
    })
  },
})
