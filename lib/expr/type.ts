// What is known of a value's type before there is a record.

import type { Kind } from './value.js'

export interface Type {
  /** `dyn`: anything. A field of a record may be null whatever its type. */
  readonly kind: Kind | 'dyn'
  /** Of the elements of a list. */
  readonly of?: Type
}

export const DYN: Type = { kind: 'dyn' }

const SHARED = new Map<string, Type>([['dyn', DYN]])

export function typeOf(kind: Kind | 'dyn'): Type {
  let type = SHARED.get(kind)
  if (type === undefined) SHARED.set(kind, (type = { kind }))
  return type
}

export function isNumber({ kind }: Type): boolean {
  return kind === 'int' || kind === 'uint' || kind === 'double'
}

/** Whether values of two types may be equal. */
export function comparable(a: Type, b: Type): boolean {
  if (a.kind === 'dyn' || b.kind === 'dyn' || a.kind === 'null_type' || b.kind === 'null_type') return true
  if (isNumber(a) && isNumber(b)) return true
  return a.kind === b.kind && (a.of === undefined || b.of === undefined || comparable(a.of, b.of))
}

/** The type of what may be one or the other. */
export function union(types: readonly Type[]): Type {
  const [first] = types
  return first !== undefined && types.every((type) => type.kind === first.kind) ? first : DYN
}
