// structured_metadata: makes extracted fields and labels structured metadata; labels then are labels no more.

import { Pattern } from '../../regex/pattern.js'
import { defineStage } from '../definition.js'
import type { LogEntry } from '../entry.js'
import { labelSources } from '../source.js'
import { labelsWhere } from '../streams.js'
import { textOf } from '../text.js'

export default defineStage({
  name: 'structured_metadata',
  options: {
    values: {
      type: 'map', since: '0.1.0',
      help: 'metadata, and the field or label that each is set from: NAME=FIELD; an empty one is that of the same name',
    },
    regex: {
      type: 'string', since: '0.1.0', value: 'EXPRESSION',
      help: 'move fields and labels whose names this expression matches, too',
    },
  },
  prepare({ values, regex = '' }) {
    const pairs = labelSources(values)
    const sources = new Set(pairs.map(([, source]) => source))
    const pattern = regex === '' ? null : Pattern.search(regex)
    const moved = (name: string) => sources.has(name) || pattern?.test(name) === true
    return ({ streams }) => {
      const rest = streams.mapper((labels) => labelsWhere(labels, (name) => !moved(name)))
      return {
        process(entry) {
          for (const [name, source] of pairs) {
            const text = textOf(entry.get(source))
            if (text !== undefined) entry.setAttribute(name, text)
          }
          if (pattern !== null) fieldsInto(entry, pattern)
          const { identity } = entry
          entry.identity = rest(identity)
          if (entry.identity !== identity) labelsInto(entry, identity.labels, pairs, pattern)
          return undefined
        },
      }
    }
  },
})

function fieldsInto(entry: LogEntry, pattern: Pattern): void {
  for (const [name, value] of entry.fields()) {
    const text = pattern.test(name) ? textOf(value) : undefined
    if (text !== undefined) entry.setAttribute(name, text)
  }
}

function labelsInto(
  entry: LogEntry, labels: readonly string[], pairs: readonly (readonly [string, string])[], pattern: Pattern | null,
): void {
  for (let i = 0; i < labels.length; i += 2) {
    const targets = pairs.filter(([, source]) => source === labels[i])
    for (const [name] of targets) entry.setAttribute(name, labels[i + 1])
    if (targets.length === 0 && pattern?.test(labels[i]) === true) entry.setAttribute(labels[i], labels[i + 1])
  }
}
