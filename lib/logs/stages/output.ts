// output: makes an extracted field the line.

import { Problem } from '../../diag/problem.js'
import { defineStage } from '../definition.js'
import { textOf } from '../text.js'

export default defineStage({
  name: 'output',
  options: { source: { type: 'string', help: 'field that becomes the line', since: '0.1.0' } },
  prepare({ source = '' }) {
    if (source === '') {
      throw new Problem('output source value is required if output is specified', { expected: 'the name of a field' })
    }
    return () => ({
      process(entry) {
        const text = textOf(entry.get(source))
        if (text !== undefined) entry.line = text
        return undefined
      },
    })
  },
})
