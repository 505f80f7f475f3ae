// JSON Schema (draft 7, which editors know best) of pipeline files, with every stage's arguments and options.

import type { Component } from '../component.js'
import type { Json } from '../record/json.js'
import { argumentKey, type ArgumentSpec, OPTION_TYPES, type OptionSpec } from '../option/table.js'
import { BRANCH_KEYS } from '../pipeline/branch_options.js'
import { allOptions } from './command.js'
import { sentence } from './help.js'

type Schema = { readonly [keyword: string]: Json }

const ref = (name: string): Schema => ({ $ref: `#/definitions/${name}` })
const described = (text: string, schema: Schema): Schema => ({ description: text, ...schema })
/** What stands beside a `$ref` is not looked at in draft 7. */
const refDescribed = (text: string, name: string): Schema => described(text, { allOf: [ref(name)] })
const listOf = (items: Schema, description: string): Schema =>
  described(description, { type: 'array', minItems: 1, items })

const ROWS: { readonly [key: string]: Schema } = {
  from: refDescribed('Where records come from: sources, or pipe NAME.', 'branches'),
  through: refDescribed('What all records go through.', 'row'),
  to: refDescribed('Where all records go: sinks, each behind stages of its own if need be.', 'branches'),
}

/**
 * A whole number, a text of the pattern, or a text with an expression: as one schema, of which editors tell more than
 * of several.
 */
function textOrExpression(expected: string, pattern: string): Schema {
  const patternErrorMessage = `This is not ${expected}.`
  return { type: ['string', 'integer'], pattern: `^${pattern}$|\\$\\{`, patternErrorMessage }
}

/** A number, or a text with an expression. */
function numberOrExpression(type: 'integer' | 'number', bounds: Schema): Schema {
  const patternErrorMessage = `This is not ${type === 'integer' ? 'a whole number' : 'a number'}, and no expression.`
  return { type: [type, 'string'], pattern: '\\$\\{', patternErrorMessage, ...bounds }
}

const DEFINITIONS: { readonly [name: string]: Schema } = {
  expression: {
    description: 'A CEL expression over env, let, args, dir, file("…") and secret("…").',
    type: 'string',
    pattern: '\\$\\{',
  },
  duration: {
    ...textOrExpression(
      'a duration such as 15s, 1m30s or 500ms',
      '(?:0|(?:[0-9]+(?:\\.[0-9]+)?(?:ns|us|µs|ms|[smhdwy]))+)',
    ),
    minimum: 0,
    maximum: 0,
  },
  bytes: {
    ...textOrExpression(
      'a size such as 64KiB, 10MiB or 1024',
      '[0-9]+(?:\\.[0-9]+)?(?:B|kB|KB|MB|GB|KiB|MiB|GiB|TiB)?',
    ),
    minimum: 0,
  },
  secret: { type: 'string', writeOnly: true },
  text: { type: ['string', 'number', 'boolean'] },
  stages: described('Stages in a row: text with | between them, or one as a map.', {
    anyOf: [{ type: 'string', minLength: 1 }, ref('stage')],
  }),
  row: { anyOf: [ref('stages'), listOf(ref('stages'), 'Stages, one after the other.')] },
  branches: { anyOf: [ref('stages'), listOf(ref('stages'), 'Branches, side by side.')] },
  argument: {
    anyOf: [
      { enum: [...OPTION_TYPES] },
      {
        type: 'object',
        properties: {
          type: described('Its type.', { enum: [...OPTION_TYPES] }),
          help: described('What it is for.', { type: 'string' }),
          default: described('What it is when nobody gives it.', {}),
          required: described('Whether it has to be given.', { type: 'boolean' }),
          values: described('The words of an enum.', { type: 'array', items: ref('text') }),
          min: described('Least value.', { type: ['number', 'string'] }),
          max: described('Greatest value.', { type: ['number', 'string'] }),
        },
        required: ['type'],
        additionalProperties: false,
      },
    ],
  },
  definition: {
    anyOf: [
      { type: 'string', minLength: 1 },
      {
        type: 'object',
        properties: {
          help: described('What it does.', { type: 'string' }),
          args: described('Its arguments by their names; args.NAME in expressions.', {
            type: 'object',
            additionalProperties: ref('argument'),
          }),
          pipe: refDescribed('Its stages.', 'row'),
          ...ROWS,
        },
        anyOf: [...Object.keys(ROWS), 'pipe'].map((key) => ({ properties: { [key]: {} }, required: [key] })),
        additionalProperties: false,
      },
    ],
  },
  record: { type: 'object', properties: { type: { type: 'string' } }, required: ['type'] },
  records: {
    anyOf: [
      { type: 'string' },
      { type: 'array', items: { anyOf: [{ type: 'string' }, ref('record')] } },
    ],
  },
  side: {
    anyOf: [
      ref('records'),
      {
        type: 'object',
        properties: {
          at: described('The seam: STAGE or PIPE.STAGE; behind the stage, or in front of a sink.', { type: 'string' }),
          records: refDescribed('Records: lines of JSON, or a list.', 'records'),
          file: described('A file of records as lines.', { type: 'string' }),
        },
        additionalProperties: false,
      },
    ],
  },
  branch: {
    type: 'object',
    properties: Object.fromEntries(Object.entries(BRANCH_KEYS).map(([key, spec]) => [key, settingSchema(spec)])),
    additionalProperties: false,
  },
  test: {
    type: 'object',
    properties: {
      help: described('What it shows.', { type: 'string' }),
      pipe: described('The pipe that is tested.', { type: 'string' }),
      in: refDescribed('Records that are put in.', 'side'),
      out: refDescribed('Records that have to come out.', 'side'),
    },
    required: ['pipe', 'in', 'out'],
    additionalProperties: false,
  },
  pipe: {
    anyOf: [
      { type: 'string', minLength: 1 },
      {
        type: 'object',
        properties: {
          help: described('What it does.', { type: 'string' }),
          ...ROWS,
          branch: refDescribed("What waits for each of several branches; else what 'solder run' says.", 'branch'),
        },
        required: ['from'],
        additionalProperties: false,
      },
    ],
  },
}

/**
 * The schema of a pipeline file; `definitions.stage` has a property per component. `patternErrorMessage` is a word of
 * the language servers behind VS Code.
 */
export function schemaOf(components: readonly Component[]): Schema {
  const properties: { [name: string]: Schema } = {
    pipe: described('The records of another pipe, by its name.', { type: 'string' }),
    exec: described('A program that reads and writes records as lines.', {
      anyOf: [{ type: 'string' }, words(ref('text'))],
    }),
  }
  for (const component of components)
    if (component.role !== 'tool') properties[component.name] = componentSchema(component)
  // Other names are those of definitions.
  const stage = { type: 'object', properties, minProperties: 1, maxProperties: 1 }
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'A solder pipeline file',
    type: 'object',
    properties: {
      version: described('Version of the format.', { const: 1 }),
      import: described('Files that are a part of this pipeline, by paths from this one.', {
        anyOf: [{ type: 'string' }, words({ type: 'string' })],
      }),
      let: described('Values for expressions: let.NAME.', { type: 'object' }),
      define: described('Named stages with arguments, used like commands.', {
        type: 'object',
        additionalProperties: ref('definition'),
      }),
      pipes: described('Pipes by their names.', {
        type: 'object',
        propertyNames: { pattern: '^[A-Za-z0-9][A-Za-z0-9_-]*$' },
        additionalProperties: ref('pipe'),
      }),
      tests: described("Tests by their names; 'solder test' runs them.", {
        type: 'object',
        additionalProperties: ref('test'),
      }),
    },
    required: ['version'],
    additionalProperties: false,
    definitions: { ...DEFINITIONS, stage },
  }
}

function words(items: Schema): Schema {
  return { type: 'array', items }
}

/** Arguments and options by their keys, or the arguments alone. */
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
  const object: Schema = {
    type: 'object',
    properties,
    additionalProperties: false,
    ...(required.length > 0 && { required }),
  }
  const alone: Schema[] = component.args.length === 0 ? [] : [ref('text'), words(ref('text'))]
  const nothing: Schema[] = required.length === 0 ? [{ type: 'null' }] : []
  return described(sentence(component.summary), { anyOf: [object, ...alone, ...nothing] })
}

function argumentSchema(arg: ArgumentSpec): Schema {
  const one: Schema = arg.values === undefined ? ref('text') : { anyOf: [{ enum: arg.values }, ref('expression')] }
  return described(sentence(arg.help), { anyOf: arg.variadic === true ? [one, words(one)] : [one] })
}

function optionSchema(spec: OptionSpec): Schema {
  const standard: Schema = 'default' in spec && spec.default !== undefined ? { default: spec.default } : {}
  const hidden: Schema = spec.secret === true || spec.type === 'secret' ? { writeOnly: true } : {}
  return { description: sentence(spec.help), ...valueSchema(spec), ...standard, ...hidden }
}

/** Of a setting that is another command's where it is not given. */
function settingSchema(spec: OptionSpec): Schema {
  return { description: sentence(spec.help), ...valueSchema(spec) }
}

function valueSchema(spec: OptionSpec): Schema {
  const orExpression = (schema: Schema): Schema => ({ anyOf: [schema, ref('expression')] })
  switch (spec.type) {
    case 'string':
    case 'path':
    case 'url':
      return { allOf: [ref('text')] }
    case 'duration':
    case 'bytes':
    case 'secret':
      return { allOf: [ref(spec.type)] }
    case 'int':
      return numberOrExpression('integer', bounds(spec))
    case 'float':
      return numberOrExpression('number', bounds(spec))
    case 'bool':
      return orExpression({ type: 'boolean' })
    case 'enum':
      // Words such as 1 or true are no texts in YAML.
      return orExpression({
        enum: [...spec.values, ...spec.values.flatMap((word) => (/^\d+$/.test(word) ? Number(word) : []))],
      })
    case 'list':
      return { anyOf: [ref('text'), words(ref('text'))] }
    case 'map':
      return { type: 'object', additionalProperties: ref('text') }
  }
}

function bounds({ min, max }: { min?: number; max?: number }): Schema {
  return { ...(min === undefined ? {} : { minimum: min }), ...(max === undefined ? {} : { maximum: max }) }
}
