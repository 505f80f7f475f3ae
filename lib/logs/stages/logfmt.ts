// logfmt: extracts fields of a logfmt line.

import { Problem } from '../../diag/problem.js'
import { Pattern } from '../../regex/pattern.js'
import { defineStage } from '../definition.js'
import { type Fields, put } from '../entry.js'
import { LogfmtReader } from '../logfmt.js'
import { readSource, SOURCE } from '../source.js'

export default defineStage({
  name: 'logfmt',
  options: {
    mapping: {
      type: 'map', since: '0.1.0',
      help: 'fields, and the key that each is read from: NAME=KEY; an empty key is that of the same name',
    },
    regex: {
      type: 'string', since: '0.1.0', value: 'EXPRESSION',
      help: 'extract the keys that this expression matches, too',
    },
    source: SOURCE,
  },
  prepare({ mapping, regex = '', source = '' }) {
    if (mapping.size === 0 && regex === '') {
      throw new Problem('logfmt mapping or regex is required', { hint: "regex = '.*' extracts all keys" })
    }
    // It says nothing about the key, so that it need not be asked.
    const all = regex === '.*' || regex === '.+'
    const pattern = regex === '' || all ? null : Pattern.search(regex)
    const targets = new Map([...mapping].map(([name, key]) => [key === '' ? name : key, name]))
    const from = source === '' ? undefined : source
    return () => {
      const reader = new LogfmtReader()
      const to = {
        fields: {} as Fields,
        field(key: string, value: string) {
          const target = targets.size === 0 ? undefined : targets.get(key)
          if (target !== undefined) put(this.fields, target, value)
          if (all || pattern?.test(key) === true) put(this.fields, key, value)
        },
      }
      return {
        process(entry) {
          const text = readSource(entry, from)
          if (text === undefined) return undefined
          to.fields = entry.extracting()
          reader.read(text, to)
          return undefined
        },
      }
    }
  },
})
