// labels: sets labels from extracted fields or from structured metadata.

import { Problem } from '../../diag/problem.js'
import { defineStage } from '../definition.js'
import { labelSources } from '../source.js'
import { textOf } from '../text.js'

export default defineStage({
  name: 'labels',
  options: {
    values: {
      type: 'map', since: '0.1.0',
      help: 'labels, and the field that each is set from: NAME=FIELD; an empty field is that of the same name',
    },
    source_type: {
      type: 'enum', values: ['extracted', 'structured_metadata'], default: 'extracted',
      help: 'where the fields are: extracted, or structured_metadata', since: '0.1.0',
    },
  },
  invalid: {
    source_type: (text) => `invalid labels source_type: ${text}. Can only be 'extracted' or 'structured_metadata'`,
  },
  prepare({ values, source_type }) {
    if (values.size === 0) throw new Problem('label stage config cannot be empty', { expected: 'names of labels' })
    const pairs = labelSources(values)
    return ({ streams }) => {
      const setters = pairs.map(([name, source]) => ({ source, set: streams.setter(name) }))
      const extracted = source_type === 'extracted'
      return {
        process(entry) {
          const { attributes } = entry
          for (const { source, set } of setters) {
            const own = Object.hasOwn(attributes, source) ? attributes[source] : undefined
            const value = extracted ? entry.get(source) : own
            const text = textOf(value)
            if (text !== undefined) entry.identity = set(entry.identity, text)
          }
          return undefined
        },
      }
    }
  },
})
