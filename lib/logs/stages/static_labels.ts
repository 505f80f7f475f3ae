// static_labels: sets labels to fixed values.

import { Problem } from '../../diag/problem.js'
import { defineStage } from '../definition.js'
import { labelSources } from '../source.js'
import { withLabel } from '../streams.js'

export default defineStage({
  name: 'static_labels',
  options: { values: { type: 'map', help: 'labels and their values; an empty value sets nothing', since: '0.1.0' } },
  prepare({ values }) {
    if (values.size === 0) {
      throw new Problem('static_labels stage config cannot be empty', { expected: 'labels and their values' })
    }
    labelSources(values)
    const pairs = [...values].filter(([, value]) => value !== '')
    return ({ streams }) => {
      const set = streams.mapper((labels) => pairs.reduce((all, [name, value]) => withLabel(all, name, value), labels))
      return {
        process(entry) {
          entry.identity = set(entry.identity)
          return undefined
        },
      }
    }
  },
})
