// template: fills a template of Go's text/template with the extracted fields; what it gives is a field.

import { Problem } from '../../diag/problem.js'
import { Template } from '../../go/template/template.js'
import { defineStage } from '../definition.js'
import { textsOf } from '../template_data.js'

export default defineStage({
  name: 'template',
  options: {
    source: {
      type: 'string', since: '0.1.0', value: 'FIELD',
      help: 'field that is set; the template sees what it was as .Value',
    },
    template: {
      type: 'string', since: '0.1.0',
      help: 'a template of Go: {{ .field }}, {{ .Value | ToUpper }}, {{ .Entry }} is the line',
    },
  },
  prepare({ source = '', template }) {
    if (source === '') throw new Problem('template source value is required', { expected: 'the name of a field' })
    if (template === undefined) {
      throw new Problem('template is required', { expected: 'a text such as {{ .Value | ToUpper }}' })
    }
    compiled(template, () => 0)
    return ({ clock }) => {
      const filled = compiled(template, () => clock.millis())
      return {
        process(entry) {
          const data = textsOf(entry)
          const value = data.get(source)
          if (value !== undefined) data.set('Value', value)
          data.set('Entry', entry.line)
          const text = filled.fill(data)
          if (typeof text !== 'string') return undefined
          if (text === '') entry.delete(source)
          else entry.set(source, text)
          return undefined
        },
      }
    }
  },
})

function compiled(template: string, millis: () => number): Template {
  return new Template(template, 'template', millis)
}
