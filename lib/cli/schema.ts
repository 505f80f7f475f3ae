// JSON Schema (draft 2020-12) of the options of every component, as an editor wants it for a stage written as a map.

import type { Component } from '../component.js'
import type { Json } from '../record/json.js'
import { argumentKey, type ArgumentSpec, type OptionSpec } from '../option/table.js'
import { allOptions } from './command.js'
import { sentence } from './help.js'

type Schema = { readonly [keyword: string]: Json }

const DEFINITIONS: { readonly [name: string]: Schema } = {
  duration: {
    description: 'A duration with its units, such as 15s, 1m30s or 500ms.',
    type: 'string',
    pattern: '^(?:0|(?:[0-9]+(?:\\.[0-9]+)?(?:ns|us|µs|ms|[smhdwy]))+)$',
  },
  bytes: {
    description: 'A size, such as 64KiB, 10MiB or 1024.',
    anyOf: [
      { type: 'integer', minimum: 0 },
      { type: 'string', pattern: '^[0-9]+(?:\\.[0-9]+)?(?:B|kB|KB|MB|GB|KiB|MiB|GiB|TiB)?$' },
    ],
  },
  secret: { description: 'A secret: file:PATH, env:NAME or the text itself.', type: 'string', writeOnly: true },
}

/** One object with a property per component: its arguments and options by their keys. */
export function schemaOf(components: readonly Component[]): Schema {
  const properties: { [name: string]: Schema } = {}
  for (const component of components) {
    if (component.role !== 'tool') properties[component.name] = componentSchema(component)
  }
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'A stage of a solder pipe',
    type: 'object',
    properties,
    additionalProperties: false,
    minProperties: 1,
    maxProperties: 1,
    $defs: DEFINITIONS,
  }
}

function componentSchema(component: Component): Schema {
  const properties: { [key: string]: Schema } = {}
  const required: string[] = []
  for (const arg of component.args) {
    properties[argumentKey(arg)] = argumentSchema(arg)
    if (arg.required === true) required.push(argumentKey(arg))
  }
  for (const [key, spec] of Object.entries(allOptions(component))) {
    properties[key] = optionSchema(spec)
    if (spec.required === true) required.push(key)
  }
  const description = sentence(component.summary)
  const schema: Schema = { description, type: 'object', properties, additionalProperties: false }
  return required.length === 0 ? schema : { ...schema, required }
}

function argumentSchema(arg: ArgumentSpec): Schema {
  const one: Schema = arg.values === undefined ? { type: 'string' } : { enum: arg.values }
  const description = sentence(arg.help)
  return arg.variadic === true ? { description, type: 'array', items: one } : { description, ...one }
}

function optionSchema(spec: OptionSpec): Schema {
  const standard: Schema = 'default' in spec && spec.default !== undefined ? { default: spec.default } : {}
  const hidden: Schema = spec.secret === true || spec.type === 'secret' ? { writeOnly: true } : {}
  return { description: sentence(spec.help), ...valueSchema(spec), ...standard, ...hidden }
}

function valueSchema(spec: OptionSpec): Schema {
  switch (spec.type) {
    case 'string':
    case 'path':
      return { type: 'string' }
    case 'url':
      return { type: 'string', format: 'uri' }
    case 'duration':
    case 'bytes':
    case 'secret':
      return { $ref: `#/$defs/${spec.type}` }
    case 'int':
      return { type: 'integer', ...bounds(spec) }
    case 'float':
      return { type: 'number', ...bounds(spec) }
    case 'bool':
      return { type: 'boolean' }
    case 'enum':
      return { enum: spec.values }
    case 'list':
      return { type: 'array', items: { type: 'string' } }
    case 'map':
      return { type: 'object', additionalProperties: { type: 'string' } }
  }
}

function bounds({ min, max }: { min?: number; max?: number }): Schema {
  return { ...(min === undefined ? {} : { minimum: min }), ...(max === undefined ? {} : { maximum: max }) }
}
