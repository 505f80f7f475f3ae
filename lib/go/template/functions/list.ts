// Functions of templates on lists and maps.

import { fn, type FunctionTable, type TemplateFunction, variadic } from '../function.js'
import { deepEqual, type Dict, isDict, isList, sortedEntries, TemplateFault, toInt, typeName, type Value } from '../value.js'
import { isEmpty } from './number.js'
import { bytesOf, textOf, textsOf } from './text.js'

/** Offset `value` in something of this length. */
function offset(value: Value, length: number): number {
  if (typeof value !== 'bigint') throw new TemplateFault(`cannot index slice/array with type ${typeName(value)}`)
  if (value < 0n || value > BigInt(length)) throw new TemplateFault(`index out of range: ${value}`)
  return Number(value)
}

function indexed(item: Value, index: Value): Value {
  if (isDict(item)) {
    if (typeof index !== 'string') throw new TemplateFault(`value has type ${typeName(index)}; should be string`)
    return item.get(index) ?? undefined
  }
  if (!isList(item) && typeof item !== 'string') throw new TemplateFault(`can't index item of type ${typeName(item)}`)
  const all = isList(item) ? item : [...Buffer.from(item)].map(BigInt)
  const at = offset(index, all.length)
  if (at === all.length) throw new TemplateFault(`index out of range: ${at}`)
  return all[at]
}

function sliced(item: Value, indexes: readonly Value[]): Value {
  if (!isList(item) && typeof item !== 'string') throw new TemplateFault(`can't slice item of type ${typeName(item)}`)
  const length = isList(item) ? item.length : Buffer.byteLength(item)
  const [from = 0, end = length] = indexes.map((index) => offset(isList(item) ? toInt(index) : index, length))
  if (from > end) throw new TemplateFault(`invalid slice index: ${from} > ${end}`)
  return isList(item) ? item.slice(from, end) : bytesOf(item, from, end)
}

function lengthOf(value: Value): number {
  if (typeof value === 'string') return Buffer.byteLength(value)
  if (isList(value)) return value.length
  if (isDict(value)) return value.size
  throw new TemplateFault(value === undefined || value === null ? 'len of nil pointer' : `len of type ${typeName(value)}`)
}

/** A list of one kind of change, under both names that sprig gives it. */
const both = (name: string, is: TemplateFunction): FunctionTable => [
  [name, is],
  [`must${name[0].toUpperCase()}${name.slice(1)}`, is],
]

const contains = (list: readonly Value[], item: Value) => list.some((other) => deepEqual(item, other))

function chunks(size: number, list: readonly Value[]): Value[] {
  if (size < 1) throw new TemplateFault('chunks of no size')
  return Array.from({ length: Math.ceil(list.length / size) }, (_, i) => list.slice(i * size, (i + 1) * size))
}

const compareBytes = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b))

/**
 * A map that may be changed; what a template is given is not. What goes into it is copied: no map ends up in itself.
 */
function own(dict: Dict): Map<string, Value> {
  if (dict instanceof Map) return dict as Map<string, Value>
  throw new TemplateFault('the data cannot be changed')
}

function merged(into: Map<string, Value>, from: Dict, overwrite: boolean): void {
  for (const [name, value] of from.entries()) {
    const old = into.get(name)
    if (isDict(old) && isDict(value)) {
      const copy = new Map(old.entries())
      merged(copy, value, overwrite)
      into.set(name, copy)
    } else if (isEmpty(old) || (overwrite && !isEmpty(value))) into.set(name, copied(value))
  }
}

const merge = (overwrite: boolean) =>
  variadic(['dict'], 'dict', (sources, into) => {
    for (const source of sources) merged(own(into), source, overwrite)
    return into
  })

function dug(args: readonly Value[]): Value {
  if (args.length < 3) throw new TemplateFault('dig needs at least three arguments')
  const [fallback, dict] = args.slice(-2)
  let value = dict
  for (const name of args.slice(0, -2)) {
    if (!isDict(value)) throw new TemplateFault(`cannot look for '${textOf(name)}' in ${typeName(value)}`)
    if (!value.has(textOf(name))) return fallback
    value = value.get(textOf(name))
  }
  return value
}

function dictOf(args: readonly Value[]): Map<string, Value> {
  const dict = new Map<string, Value>()
  for (let i = 0; i < args.length; i += 2) dict.set(textOf(args[i]), i + 1 < args.length ? args[i + 1] : '')
  return dict
}

function copied(value: Value): Value {
  if (isList(value)) return value.map(copied)
  return isDict(value) ? new Map([...value.entries()].map(([name, item]) => [name, copied(item)] as const)) : value
}

export const LIST_FUNCTIONS: FunctionTable = [
  ['index', variadic(['value'], 'any', (indexes, item) => {
    if (item === undefined || item === null) throw new TemplateFault('index of untyped nil')
    return indexes.reduce<Value>(indexed, item)
  })],
  ['len', fn(['value'], (value) => BigInt(lengthOf(value)))],
  ...both('slice', variadic(['value'], 'any', (indexes, item) => sliced(item, indexes))),
  ['list', variadic([], 'any', (args) => args)],
  ['tuple', variadic([], 'any', (args) => args)],
  ...both('first', fn(['list'], (list) => list[0] ?? null)),
  ...both('last', fn(['list'], (list) => list.at(-1) ?? null)),
  ...both('rest', fn(['list'], (list) => list.slice(1))),
  ...both('initial', fn(['list'], (list) => list.slice(0, -1))),
  ...both('append', fn(['list', 'any'], (list, item) => [...list, item])),
  ...both('push', fn(['list', 'any'], (list, item) => [...list, item])),
  ...both('prepend', fn(['list', 'any'], (list, item) => [item, ...list])),
  ...both('reverse', fn(['list'], (list) => list.toReversed())),
  ...both('uniq', fn(['list'], (list) => list.filter((item, i) => list.findIndex((other) => deepEqual(item, other)) === i))),
  ...both('compact', fn(['list'], (list) => list.filter((item) => !isEmpty(item)))),
  ...both('without', variadic(['list'], 'any', (items, list) => list.filter((item) => !contains(items, item)))),
  ...both('has', fn(['any', 'any'], (item, list) => {
    if (list === null) return false
    if (!isList(list)) throw new TemplateFault(`cannot find has on type ${typeName(list)}`)
    return contains(list, item)
  })),
  ...both('chunk', fn(['size', 'list'], chunks)),
  ['concat', variadic([], 'list', (lists) => lists.flat())],
  ['sortAlpha', fn(['any'], (value) => textsOf(value).sort(compareBytes))],
  ['dict', variadic([], 'any', dictOf)],
  ['get', fn(['dict', 'string'], (dict, name) => dict.get(name) ?? '')],
  ['hasKey', fn(['dict', 'string'], (dict, name) => dict.has(name))],
  ['set', fn(['dict', 'string', 'any'], (dict, name, value) => own(dict).set(name, copied(value)))],
  ['unset', fn(['dict', 'string'], (dict, name) => {
    own(dict).delete(name)
    return dict
  })],
  ['keys', variadic([], 'dict', (dicts) => dicts.flatMap((dict) => sortedEntries(dict).map(([name]) => name)))],
  ['values', fn(['dict'], (dict) => sortedEntries(dict).map(([, value]) => value))],
  ['pluck', variadic(['string'], 'dict', (dicts, name) => dicts.filter((dict) => dict.has(name)).map((dict) => dict.get(name)))],
  ['pick', variadic(['dict'], 'string', (names, dict) => new Map([...dict.entries()].filter(([name]) => names.includes(name))))],
  ['omit', variadic(['dict'], 'string', (names, dict) => new Map([...dict.entries()].filter(([name]) => !names.includes(name))))],
  ...both('merge', merge(false)),
  ...both('mergeOverwrite', merge(true)),
  ['dig', variadic([], 'any', dug)],
  ...both('deepCopy', fn(['any'], copied)),
  ['deepEqual', fn(['any', 'any'], (a, b) => deepEqual(a, b))],
]
