// structured_metadata_drop: drops structured metadata.

import { Problem } from '../../diag/problem.js'
import { defineStage } from '../definition.js'

export default defineStage({
  name: 'structured_metadata_drop',
  options: { values: { type: 'list', help: 'names to drop', since: '0.1.0', value: 'NAME' } },
  prepare({ values }) {
    if (values.length === 0) {
      throw new Problem('structured_metadata_drop stage config cannot be empty', { expected: 'names' })
    }
    return () => ({
      process(entry) {
        for (const name of values) if (Object.hasOwn(entry.attributes, name)) entry.setAttribute(name, undefined)
        return undefined
      },
    })
  },
})
