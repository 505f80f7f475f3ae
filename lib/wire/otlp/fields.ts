// Fields of records put into messages of OTLP: what is there is checked, defaults are left out.

import { canonical, fieldOf, type Json, numberOf } from '../../record/json.js'
import type { KeyValue } from './message.js'
import { attributesOf, mapField, mapOf, Unfit } from './value.js'

type Shape = 'string' | 'id' | 'time' | 'count' | 'uint32' | 'int32' | 'double' | 'attributes'

const HEX = /^([\da-fA-F]{2})*$/
const DIGITS = /^\d{1,20}$/
const MAX_UINT64 = 2n ** 64n

/** Fields of a record and of a message: `[record's name, message's name, shape]`. */
export type FieldMap = readonly (readonly [string, string, Shape])[]

/** The message's fields from the record's. Throws Unfit where one is of the wrong shape. */
export function messageFields(from: { readonly [key: string]: Json | undefined }, map: FieldMap): { [name: string]: unknown } {
  const message: { [name: string]: unknown } = {}
  for (const [key, name, shape] of map) {
    const value = from[key]
    if (value === undefined || value === null) continue
    const told = toldAs(value, shape)
    if (told === undefined) throw new Unfit(`'${key}': ${canonical(value).slice(0, 80)} is no ${shape}`)
    if (told !== '') message[name] = told
  }
  return message
}

/** undefined where it is of another shape; `''` where it is a default. */
function toldAs(value: Json, shape: Shape): unknown {
  switch (shape) {
    case 'string':
      return typeof value === 'string' ? value : undefined
    case 'id':
      return typeof value === 'string' && HEX.test(value) ? value.toLowerCase() : undefined
    case 'time':
    case 'count': {
      const text = typeof value === 'number' && Number.isSafeInteger(value) ? String(value) : value
      if (typeof text !== 'string' || !DIGITS.test(text) || BigInt(text) >= MAX_UINT64) return undefined
      return text === '0' ? '' : text
    }
    case 'uint32':
      if (typeof value !== 'number' || value >>> 0 !== value) return undefined
      return value === 0 ? '' : value
    case 'int32':
      if (typeof value !== 'number' || (value | 0) !== value) return undefined
      return value === 0 ? '' : value
    case 'double':
      return numberOf(value)
    case 'attributes': {
      const attributes: KeyValue[] = attributesOf(mapField(value))
      return attributes.length === 0 ? '' : attributes
    }
  }
}

/** The record's fields from the message's, which are of their shapes. */
export function recordFields(from: object, map: FieldMap): { [key: string]: Json } {
  const record: { [key: string]: Json } = {}
  for (const [key, name, shape] of map) {
    const value = (from as { readonly [name: string]: unknown })[name]
    if (value === undefined) continue
    if (shape === 'attributes') record[key] = mapOf(value as KeyValue[])
    else if (shape === 'double') record[key] = fieldOf(value as number)
    else record[key] = value as Json
  }
  return record
}

/** A number of an enum as its word, `undefined` for the first, which says nothing; of an unknown one as digits. */
export function wordOf(words: readonly string[], number: number | undefined): string | undefined {
  if (number === undefined || number === 0) return undefined
  return words[number] ?? String(number)
}

/** The number of a word; undefined for the first. Throws Unfit where there is none. */
export function numberOfWord(words: readonly string[], word: Json | undefined, what: string): number | undefined {
  if (word === undefined || word === null || word === '') return undefined
  if (typeof word !== 'string') throw new Unfit(`'${what}': expected a word`)
  const known = words.indexOf(word, 1)
  if (known > 0) return known
  if (!/^-?\d{1,10}$/.test(word)) throw new Unfit(`'${what}': unknown '${word.slice(0, 40)}': expected ${words.slice(1).join(', ')}`)
  return Number(word)
}

/** The same map, or undefined where it is empty. */
export function filled<M extends object>(map: M): M | undefined {
  return Object.keys(map).length === 0 ? undefined : map
}

