// regex: extracts the named groups of a regular expression.

import { Problem } from '../../diag/problem.js'
import { defineStage } from '../definition.js'
import { namedSource, readSource, searching, SOURCE } from '../source.js'
import { isLabelName } from '../text.js'

export default defineStage({
  name: 'regex',
  options: {
    expression: { type: 'string', help: 'an RE2 expression with named groups (?P<name>…)', since: '0.1.0' },
    source: SOURCE,
    labels_from_groups: { type: 'bool', help: 'set labels of the same names, too', since: '0.1.0' },
  },
  prepare({ expression = '', source, labels_from_groups }) {
    if (expression === '') {
      throw new Problem('expression is required', { expected: 'an RE2 expression with named groups' })
    }
    const from = namedSource(source)
    const pattern = searching(expression, 'could not compile regular expression')
    return ({ streams }) => {
      const groups = [...pattern.names].map(([name, group]) => {
        return { name, group, set: labels_from_groups && isLabelName(name) ? streams.setter(name) : undefined }
      })
      return {
        process(entry) {
          const text = readSource(entry, from)
          const match = text === undefined ? null : pattern.exec(text)
          if (match === null) return undefined
          for (const { name, group, set } of groups) {
            const value = match[group] ?? ''
            entry.set(name, value)
            if (set !== undefined) entry.identity = set(entry.identity, value)
          }
          return undefined
        },
      }
    }
  },
})
