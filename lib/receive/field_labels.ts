// Streams of messages that have fields: some of these become labels.

import { Problem } from '../diag/problem.js'
import { Identity } from '../record/identity.js'
import { labelsOfMap } from '../record/labels.js'
import { Recent } from './recent.js'

export interface FieldLabelOptions {
  /** Labels of every stream. */
  readonly label: ReadonlyMap<string, string>
  /** Fields that become labels. */
  readonly label_fields: readonly string[]
  /** Whether all fields become labels as well, for relabel rules. */
  readonly internal_labels: boolean
  /** Streams remembered. */
  readonly max_identities: number
}

export type Fields<F extends string> = { readonly [field in F]: string | undefined }

/** Separates values in keys: no text that was read holds a high surrogate alone. */
const SEPARATOR = '\ud800'

export class FieldLabels<F extends string> {
  readonly #identities: Recent<Identity>
  readonly #used: readonly F[]

  /** @param internal the label of each field that `internal_labels` asks for */
  constructor(
    private readonly options: FieldLabelOptions,
    private readonly internal: ReadonlyMap<F, string>,
  ) {
    this.#identities = new Recent(options.max_identities)
    this.#used = options.internal_labels ? [...internal.keys()] : (options.label_fields as readonly F[])
  }

  /**
   * The identity of a message, the same object as long as it is remembered.
   * @param more further internal labels, which only this message may have
   */
  identity(fields: Fields<F>, more: ReadonlyMap<string, string> | null = null): Identity {
    if (more !== null && more.size > 0) return this.#make(fields, more)
    const key = this.#used.map((field) => fields[field]).join(SEPARATOR)
    let identity = this.#identities.get(key)
    if (identity === undefined) this.#identities.set(key, (identity = this.#make(fields, null)))
    return identity
  }

  #make(fields: Fields<F>, more: ReadonlyMap<string, string> | null): Identity {
    const { label, label_fields, internal_labels } = this.options
    const labels = new Map<string, string>()
    const put = (name: string, value: string | undefined) => value !== undefined && labels.set(name, value)
    for (const field of label_fields) put(field, fields[field as F])
    for (const [name, value] of label) labels.set(name, value)
    if (internal_labels) for (const [field, name] of this.internal) put(name, fields[field])
    for (const [name, value] of more ?? []) labels.set(name, value)
    return Identity.of('log', '', labelsOfMap(labels))
  }
}

/** A Problem for each word that is no field. */
export function fieldProblems(words: readonly string[], known: readonly string[], messages: string): Problem[] {
  const unknown = words.filter((field) => !known.includes(field))
  return unknown.map((field) => new Problem(`'${field}' is no field of ${messages}`, { expected: known.join(', ') }))
}
