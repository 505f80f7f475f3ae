// What a function of templates is: its parameters, and what it does.

import type { Moment } from '../zone.js'
import { type Dict, isDict, isList, isMoment, TemplateFault, typeName, type Value } from './value.js'

/**
 * Types of parameters and what the function gets for them; `size` is an int of ordinary size, `any` any value but
 * undefined.
 */
interface Parameters {
  string: string
  size: number
  float: number
  bool: boolean
  list: readonly Value[]
  dict: Dict
  time: Moment
  any: Exclude<Value, undefined>
  value: Value
}

export type ParameterType = keyof Parameters

/** What a function may know beside its arguments. */
export interface FunctionContext {
  /** The present, Unix milliseconds. */
  millis(): number
  /** Throws where `length` more characters or items are more than may be made. */
  make(length: number): void
}

export interface TemplateFunction {
  readonly params: readonly ParameterType[]
  /** Type of all further arguments; undefined: there are none. */
  readonly rest: ParameterType | undefined
  /** How many of `params` may be absent. */
  readonly optional: number
  readonly call: (args: readonly Value[], context: FunctionContext) => Value
}

export type FunctionTable = readonly (readonly [name: string, is: TemplateFunction])[]

type Given<P extends readonly ParameterType[]> = { -readonly [I in keyof P]: Parameters[P[I]] }

/** A function with these parameters; `context` comes behind them. */
export function fn<const P extends readonly ParameterType[]>(
  params: P,
  call: (...args: [...Given<P>, FunctionContext]) => Value,
): TemplateFunction {
  const take = (args: readonly Value[], context: FunctionContext) =>
    call(...([...args, context] as [...Given<P>, FunctionContext]))
  return { params, rest: undefined, optional: 0, call: take }
}

/** A function that takes any number of further arguments. */
export function variadic<const P extends readonly ParameterType[], const R extends ParameterType>(
  params: P,
  rest: R,
  call: (rest: Parameters[R][], ...fixed: [...Given<P>, FunctionContext]) => Value,
): TemplateFunction {
  const take = (args: readonly Value[], context: FunctionContext) => {
    const fixed = [...args.slice(0, params.length), context] as [...Given<P>, FunctionContext]
    return call(args.slice(params.length) as Parameters[R][], ...fixed)
  }
  return { params, rest, optional: 0, call: take }
}

/** An argument as the function wants it. Throws a TemplateFault for one of another type. */
export function argument(value: Value, type: ParameterType): Value {
  switch (type) {
    case 'value':
      return value
    case 'any':
      return value === undefined ? null : value
    case 'size':
      if (typeof value === 'bigint') return Number(value)
      if (typeof value === 'number' && Number.isInteger(value)) return value
      break
    case 'float':
      if (typeof value === 'bigint') return Number(value)
      if (typeof value === 'number') return value
      break
    default:
      if (FITS[type](value)) return value
  }
  if (value === undefined) throw new TemplateFault(`invalid value; expected ${WORDS[type]}`)
  throw new TemplateFault(`wrong type for value; expected ${WORDS[type]}; got ${typeName(value)}`)
}

const FITS: { readonly [T in 'string' | 'bool' | 'list' | 'dict' | 'time']: (value: Value) => boolean } = {
  string: (value) => typeof value === 'string',
  bool: (value) => typeof value === 'boolean',
  list: isList,
  dict: isDict,
  time: isMoment,
}

const WORDS: { readonly [T in ParameterType]: string } = {
  string: 'string', size: 'int', float: 'float64', bool: 'bool', list: 'a list', dict: 'map[string]interface {}',
  time: 'time.Time', any: 'interface {}', value: 'interface {}',
}
