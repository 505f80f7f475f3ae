// luhn: replaces numbers that end in their Luhn checksum, such as those of credit cards.

import { Pattern } from '../../regex/pattern.js'
import { defineStage } from '../definition.js'
import { eachNumber, isLuhn } from '../luhn.js'
import { namedSource, SOURCE } from '../source.js'

/** What 64 bits hold has fewer digits. Longer ones are no numbers to Alloy, and stay. */
const MAX_DIGITS = 19

export default defineStage({
  name: 'luhn',
  options: {
    replacement: { type: 'string', default: '**REDACTED**', help: 'what stands in place of a number', since: '0.1.0' },
    min_length: { type: 'int', default: 13, min: 0, help: 'digits of the shortest number', since: '0.1.0' },
    delimiters: {
      type: 'string', default: '', since: '0.1.0', value: 'CHARACTERS',
      help: 'characters that may stand between digits',
    },
    skip_regex: {
      type: 'string', since: '0.1.0', value: 'EXPRESSION',
      help: 'numbers inside of a match of this expression stay',
    },
    source: { ...SOURCE, help: 'field to read; what it becomes is the line' },
  },
  prepare({ replacement, min_length, delimiters, skip_regex = '', source }) {
    const from = namedSource(source)
    const skip = skip_regex === '' ? null : Pattern.search(skip_regex)
    const shortest = min_length < 1 ? 13 : min_length
    const instead = replacement === '' ? '**REDACTED**' : replacement
    return () => ({
      process(entry) {
        const text = from === undefined ? entry.line : entry.get(from)
        if (typeof text !== 'string') return undefined
        let out = ''
        let at = 0
        let safe: (readonly number[])[] | undefined
        eachNumber(text, delimiters, (start, end, digits) => {
          if (digits.length < shortest || digits.length > MAX_DIGITS || !isLuhn(digits)) return
          safe ??= skip === null ? [] : [...skip.matches(text)]
          if (safe.some(([first, last]) => first <= start && end <= last)) return
          out += text.slice(at, start) + instead
          at = end
        })
        entry.line = out + text.slice(at)
        return undefined
      },
    })
  },
})
