// json: extracts fields of a JSON line by JMESPath expressions.

import { Problem } from '../../diag/problem.js'
import type { Json } from '../../record/json.js'
import { Pattern } from '../../regex/pattern.js'
import { defineStage } from '../definition.js'
import { type Fields, put } from '../entry.js'
import { jmesPath } from '../jmespath.js'
import { namedSource, readSource, SOURCE } from '../source.js'

export default defineStage({
  name: 'json',
  options: {
    expressions: {
      type: 'map', since: '0.1.0',
      help: 'fields, and the JMESPath expression for each: NAME=EXPRESSION; an empty one is the key of that name',
    },
    regex: {
      type: 'string', since: '0.1.0', value: 'EXPRESSION',
      help: 'extract the keys that this expression matches, too',
    },
    source: SOURCE,
    drop_malformed: { type: 'bool', help: 'drop what is no JSON object, counted as malformed_json', since: '0.1.0' },
  },
  async prepare({ expressions, regex = '', source, drop_malformed }) {
    if (expressions.size === 0 && regex === '') {
      throw new Problem('JMES expressions or regex is required', { hint: "regex = '.*' extracts all keys" })
    }
    const from = namedSource(source)
    const all = regex === '.*' || regex === '.+'
    const pattern = regex === '' || all ? null : Pattern.search(regex)
    const paths = await Promise.all(
      [...expressions].map(async ([name, path]) => ({ name, search: await jmesPath(path === '' ? name : path) })),
    )
    return () => ({
      process(entry) {
        const text = readSource(entry, from)
        if (text === undefined) return undefined
        const object = parsed(text)
        if (object === undefined) return drop_malformed ? 'malformed_json' : undefined
        const fields = entry.extracting()
        for (const { name, search } of paths) {
          const value = search(object)
          if (value !== undefined) extract(fields, name, value)
        }
        if (all || pattern !== null) {
          for (const [key, value] of Object.entries(object)) if (all || pattern!.test(key)) extract(fields, key, value)
        }
        return undefined
      },
    })
  },
})

/** A JSON object; undefined for anything else. */
function parsed(text: string): { readonly [key: string]: Json } | undefined {
  try {
    const value = JSON.parse(text) as Json
    if (value === null) return {}
    return typeof value === 'object' && !Array.isArray(value) ? (value as { readonly [key: string]: Json }) : undefined
  } catch {
    return undefined
  }
}

/** Lists and objects are extracted as their JSON. */
function extract(fields: Fields, name: string, value: Json): void {
  put(fields, name, typeof value === 'object' && value !== null ? JSON.stringify(value) : value)
}
