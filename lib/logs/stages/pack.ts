// pack: puts the line and some labels or fields into one JSON object, which becomes the line; Loki's `unpack` undoes
// it.

import { compareCodePoints } from '../../record/json.js'
import { defineStage } from '../definition.js'
import { labelsWhere } from '../streams.js'
import { textOf } from '../text.js'

export default defineStage({
  name: 'pack',
  options: {
    labels: {
      type: 'list', since: '0.1.0', value: 'NAME',
      help: 'labels or fields to pack; those that are labels are labels no more',
    },
    ingest_timestamp: { type: 'bool', default: true, help: 'set the time of the entry to the present', since: '0.1.0' },
  },
  prepare({ labels, ingest_timestamp }) {
    const names = [...new Set(labels)].sort(compareCodePoints)
    return ({ streams, clock }) => {
      const without = names.map((name) => streams.mapper((all) => labelsWhere(all, (label) => label !== name)))
      return {
        process(entry) {
          let packed = '{'
          for (const [i, name] of names.entries()) {
            const text = textOf(entry.get(name))
            if (text === undefined) continue
            packed += `${JSON.stringify(name)}:${JSON.stringify(text)},`
            entry.identity = without[i](entry.identity)
          }
          entry.line = `${packed}"_entry":${JSON.stringify(entry.line)}}`
          if (ingest_timestamp) entry.ts = clock.now()
          return undefined
        },
      }
    }
  },
})
