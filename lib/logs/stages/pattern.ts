// pattern: extracts the captures of a LogQL pattern.

import { Problem } from '../../diag/problem.js'
import { PatternExpression } from '../../logql/pattern.js'
import { defineStage } from '../definition.js'
import { namedSource, readSource, SOURCE } from '../source.js'

export default defineStage({
  name: 'pattern',
  options: {
    pattern: {
      type: 'string', since: '0.1.0',
      help: 'a pattern of LogQL: text and captures <name>; <_> captures nothing',
    },
    source: SOURCE,
    labels_from_groups: { type: 'bool', help: 'set labels of the same names, too', since: '0.1.0' },
  },
  prepare({ pattern = '', source, labels_from_groups }) {
    if (pattern === '') throw new Problem('pattern is required', { expected: 'text and captures <name>' })
    const from = namedSource(source)
    const expression = PatternExpression.parse(pattern)
    return ({ streams }) => {
      const setters = labels_from_groups ? expression.names.map((name) => streams.setter(name)) : []
      return {
        process(entry) {
          const text = readSource(entry, from)
          const values = text === undefined ? null : expression.match(text)
          if (values === null) return undefined
          for (const [i, value] of values.entries()) {
            entry.set(expression.names[i], value)
            if (labels_from_groups) entry.identity = setters[i](entry.identity, value)
          }
          return undefined
        },
      }
    }
  },
})
