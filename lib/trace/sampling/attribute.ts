// Attribute values of records, as samplers read them.

import type { Json } from '../../record/json.js'
import type { Payload } from '../../record/record.js'

type JsonMap = { readonly [key: string]: Json }

/** The value of an attribute; undefined where there is none. */
export function attributeOf(attributes: Json | undefined, key: string): Json | undefined {
  if (typeof attributes !== 'object' || attributes === null || Array.isArray(attributes)) return undefined
  return Object.hasOwn(attributes, key) ? (attributes as JsonMap)[key] : undefined
}

/** The number that an attribute is, tagged or not; undefined where it is none. */
export function numberOfAttribute(value: Json | undefined): number | undefined {
  if (typeof value === 'number') return value
  const double = attributeOf(value, '$double')
  if (typeof double === 'number') return double
  const int = attributeOf(value, '$int')
  return typeof int === 'string' ? Number(int) : undefined
}

/** What an attribute says, as bytes: those of bytes, else those of its text. */
export function bytesOfAttribute(value: Json): Buffer {
  if (typeof value === 'string') return Buffer.from(value)
  const bytes = attributeOf(value, '$bytes')
  if (typeof bytes === 'string') return Buffer.from(bytes, 'base64')
  const plain = attributeOf(value, '$double') ?? attributeOf(value, '$int') ?? value
  return Buffer.from(typeof plain === 'object' ? JSON.stringify(plain) : String(plain))
}

/** The payload with attributes set; those that are set to null are taken away. */
export function withAttributes(payload: Payload, set: JsonMap): Payload {
  const attributes: { [key: string]: Json } = { ...(payload.attributes as JsonMap | undefined) }
  for (const [key, value] of Object.entries(set)) {
    if (value === null) delete attributes[key]
    else attributes[key] = value
  }
  return { ...payload, attributes }
}
