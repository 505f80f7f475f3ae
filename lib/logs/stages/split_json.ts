// split_json: makes an entry of each element of a JSON array.

import { Problem } from '../../diag/problem.js'
import { defineStage } from '../definition.js'
import { elementsOf } from '../json_array.js'
import { readSource, SOURCE } from '../source.js'

export default defineStage({
  name: 'split_json',
  options: { source: SOURCE },
  prepare({ source }) {
    if (source === '') throw new Problem('source cannot be empty', { expected: 'the name of a field' })
    return ({ account }) => ({
      take(entry, next) {
        const text = readSource(entry, source)
        const elements = text === undefined ? undefined : elementsOf(text)
        if (elements === undefined) return next(entry)
        if (elements.length === 0) return account.drop('empty_array', 1)
        account.made += elements.length - 1
        for (const [i, element] of elements.entries()) {
          const one = i < elements.length - 1 ? entry.clone() : entry
          one.line = element
          next(one)
        }
      },
      held: () => Infinity,
      due: () => Infinity,
      tick: () => {},
      flush: () => {},
    })
  },
})
