// The edits there are: set, delete, rename, hash.

import { createHash, createHmac } from 'node:crypto'
import type { Expression } from '../expr/expression.js'
import { jsonOfValue } from '../expr/json.js'
import { Timestamp } from '../expr/time.js'
import type { Edit } from './edit.js'
import { type Field, labelText } from './field.js'

/** Sets a field to the value of an expression; null leaves it as it is. */
export function setEdit(field: Field, expression: Expression): Edit {
  return {
    fields: [field],
    reads: expression,
    apply(record, view) {
      const value = expression.value(view)
      if (value === null) return record
      return field.put(record, field.isTime && value instanceof Timestamp ? String(value.nanos) : jsonOfValue(value))
    },
  }
}

export function deleteEdit(fields: readonly Field[]): Edit {
  return { fields, apply: (record) => fields.reduce((left, field) => field.remove(left), record) }
}

/**
 * Moves a value; what stood in its new place is replaced. Records whose type lacks one of the fields stay as they are.
 */
export function renameEdit(from: Field, to: Field): Edit {
  return {
    fields: [from, to],
    apply(record) {
      const value = from.get(record)
      if (value === undefined || to.stands(record.identity.type) === null) return record
      return to.put(from.remove(record), value)
    },
  }
}

export function hashEdit(fields: readonly Field[], hash: (text: string) => string): Edit {
  return {
    fields,
    apply(record) {
      let hashed = record
      for (const field of fields) {
        const value = field.get(hashed)
        if (value !== undefined && value !== null) hashed = field.put(hashed, hash(labelText(value)))
      }
      return hashed
    },
  }
}

type Algorithm = 'sha256' | 'sha512' | 'sha1' | 'md5'

/**
 * Hexadecimal digits of the hash of a text in UTF-8.
 * @param key HMAC with it; undefined: the plain hash
 */
export function hasher(algorithm: Algorithm, key: string | undefined): (text: string) => string {
  if (key === undefined) return (text) => createHash(algorithm).update(text).digest('hex')
  return (text) => createHmac(algorithm, key).update(text).digest('hex')
}
