// replace: replaces what the groups of an expression capture, in the line or in a field.

import { Problem } from '../../diag/problem.js'
import { Template } from '../../go/template/template.js'
import { TemplateFault } from '../../go/template/value.js'
import type { Pattern } from '../../regex/pattern.js'
import { defineStage } from '../definition.js'
import { readSource, searching, SOURCE } from '../source.js'
import { textsOf } from '../template_data.js'

export default defineStage({
  name: 'replace',
  options: {
    expression: { type: 'string', help: 'an RE2 expression; what its groups capture is replaced', since: '0.1.0' },
    replace: {
      type: 'string', default: '', since: '0.1.0', value: 'TEMPLATE',
      help: 'what stands instead: a text, or a template of Go in which .Value is what was captured',
    },
    source: { ...SOURCE, help: 'field to read and to replace in, instead of the line' },
  },
  prepare({ expression = '', replace, source = '' }) {
    if (expression === '') throw new Problem('expression is required', { expected: 'an RE2 expression with groups' })
    const pattern = searching(expression, 'could not compile regular expression')
    const fixed = replace.includes('{{') ? undefined : replace
    new Template(replace, 'replace', () => 0)
    const from = source === '' ? undefined : source
    return ({ clock }) => {
      const template = new Template(replace, 'replace', () => clock.millis())
      return {
        process(entry) {
          const text = readSource(entry, from)
          if (text === undefined) return undefined
          const data = fixed === undefined ? textsOf(entry) : undefined
          const instead = (captured: string) =>
            data === undefined ? fixed! : template.fill(data.set('Value', captured))
          const found = replaced(pattern, text, instead)
          if (found === null) return undefined
          if (from === undefined) entry.line = found.text
          else entry.set(from, found.text)
          for (const [name, value] of found.groups) entry.set(name, value)
          return undefined
        },
      }
    }
  },
})

/**
 * The text with its captures replaced, and what became of the named groups; null where nothing matches or a template
 * fails.
 */
function replaced(
  pattern: Pattern, text: string, instead: (captured: string) => string | TemplateFault,
): { text: string; groups: [string, string][] } | null {
  const became = new Map<string, string>()
  let first: readonly number[] | undefined
  let out = ''
  let at = 0
  for (const bounds of pattern.matches(text)) {
    first ??= bounds
    for (let i = 2; i < bounds.length; i += 2) {
      if (bounds[i] < 0) continue
      const captured = text.slice(bounds[i], bounds[i + 1])
      const replacement = instead(captured)
      if (replacement instanceof TemplateFault) return null
      became.set(captured, replacement)
      // A group inside of another one is replaced with it.
      if (bounds[i] < at) continue
      out += text.slice(at, bounds[i]) + replacement
      at = bounds[i + 1]
    }
  }
  if (first === undefined) return null
  const groups: [string, string][] = []
  for (const [name, group] of pattern.names) {
    const captured = first[2 * group] < 0 ? '' : text.slice(first[2 * group], first[2 * group + 1])
    const value = became.get(captured)
    if (value !== undefined) groups.push([name, value])
  }
  return { text: out + text.slice(at), groups }
}
