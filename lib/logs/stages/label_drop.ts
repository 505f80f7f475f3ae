// label_drop: drops some labels.

import { Problem } from '../../diag/problem.js'
import { defineStage } from '../definition.js'
import { labelsWhere } from '../streams.js'

export default defineStage({
  name: 'label_drop',
  options: { values: { type: 'list', help: 'labels to drop', since: '0.1.0', value: 'LABEL' } },
  prepare({ values }) {
    if (values.length === 0) {
      throw new Problem('label_drop stage config cannot be empty', { expected: 'names of labels' })
    }
    const dropped = new Set(values)
    return ({ streams }) => {
      const drop = streams.mapper((labels) => labelsWhere(labels, (name) => !dropped.has(name)))
      return {
        process(entry) {
          entry.identity = drop(entry.identity)
          return undefined
        },
      }
    }
  },
})
