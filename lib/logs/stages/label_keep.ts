// label_keep: drops all labels but some.

import { Problem } from '../../diag/problem.js'
import { defineStage } from '../definition.js'
import { labelsWhere } from '../streams.js'

export default defineStage({
  name: 'label_keep',
  options: { values: { type: 'list', help: 'labels to keep', since: '0.1.0', value: 'LABEL' } },
  prepare({ values }) {
    if (values.length === 0) {
      throw new Problem('label_keep stage config cannot be empty', { expected: 'names of labels' })
    }
    const kept = new Set(values)
    return ({ streams }) => {
      const keep = streams.mapper((labels) => labelsWhere(labels, (name) => kept.has(name)))
      return {
        process(entry) {
          entry.identity = keep(entry.identity)
          return undefined
        },
      }
    }
  },
})
