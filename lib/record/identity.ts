// An identity: the part of a record that says what it is, with its canonical bytes.

import { canonical, type Json } from './json.js'
import { type Labels, labelsOfObject, labelsText, NO_LABELS } from './labels.js'
import { packLabels, unpackLabels } from './packed.js'
import { type PlainMetric, scanPlainMetric } from './plain.js'
import { type RecordType, SHAPES } from './type.js'

/** Identity fields other than type, name and labels (`kind`, `unit`, `help`, `resource`, `scope`, `source` …). */
export interface IdentityRest {
  readonly [key: string]: Json
}

const NO_REST: IdentityRest = Object.freeze({})
const TS = ',"ts":"'

/**
 * Immutable. Built from its fields, or from canonical bytes that a reader has checked; the other form is made when asked
 * for. Stages keep what they decided about it in `memo`, so answers live as long as the identity and no longer.
 */
export class Identity {
  /** The canonical bytes, or else, where the labels were let go of, these in one string. */
  #bytes: Buffer | string | null
  #name: string | null
  #labels: Labels | null
  #rest: IdentityRest | null
  /** Answers of stages, by the slot that `memoSlot()` gave them. */
  memo: unknown[] | null = null

  private constructor(
    readonly type: RecordType,
    name: string | null,
    labels: Labels | null,
    rest: IdentityRest | null,
    prefix: Buffer | null,
  ) {
    this.#name = name
    this.#labels = labels
    this.#rest = rest
    this.#bytes = prefix
  }

  static of(type: RecordType, name: string, labels: Labels = NO_LABELS, rest: IdentityRest = NO_REST): Identity {
    return new Identity(type, name, labels, rest, null)
  }

  /** From `prefix` bytes known to be canonical. */
  static ofPrefix(type: RecordType, prefix: Buffer): Identity {
    return new Identity(type, null, null, null, prefix)
  }

  /** `''` where the type has no name. */
  get name(): string {
    if (this.#name === null) Identity.#decode(this)
    return this.#name!
  }

  get labels(): Labels {
    if (this.#labels === null) Identity.#decode(this)
    return this.#labels!
  }

  get rest(): IdentityRest {
    if (this.#rest === null) Identity.#decode(this)
    return this.#rest!
  }

  /** Metric or metadata kind (counter, gauge, histogram, …), `''` where unknown. */
  get kind(): string {
    const kind = this.rest.kind
    return typeof kind === 'string' ? kind : ''
  }

  /** The same identity under another name and labels. */
  with(name: string, labels: Labels): Identity {
    return new Identity(this.type, name, labels, this.rest, null)
  }

  /**
   * The canonical line up to the payload: for timed types it ends with `,"ts":"`, else with the last identity field (no
   * closing brace).
   */
  get prefix(): Buffer {
    if (typeof this.#bytes === 'object' && this.#bytes !== null) return this.#bytes
    this.#bytes = Buffer.from(prefixText(this.type, this.name, this.labels, this.rest))
    this.release()
    return this.#bytes
  }

  /** The same for one who keeps the bytes elsewhere: they are not held here. */
  get passingPrefix(): Buffer {
    if (typeof this.#bytes === 'object' && this.#bytes !== null) return this.#bytes
    const prefix = Buffer.from(prefixText(this.type, this.name, this.labels, this.rest))
    this.release()
    return prefix
  }

  /** Lets go of decoded fields that can be made again: of a million identities they are most of the memory. */
  release(): void {
    const labels = this.#labels
    if (labels === null) return
    if (this.#bytes === null) {
      const packed = packLabels(labels)
      if (packed === null) return
      this.#bytes = packed
    } else if (typeof this.#bytes === 'object') this.#name = this.#rest = null
    this.#labels = null
  }

  /** Static: a private method would cost each of a million identities a word. */
  static #decode(id: Identity): void {
    const bytes = id.#bytes!
    if (typeof bytes === 'string') {
      id.#labels = unpackLabels(bytes)
      return
    }
    const plain: PlainMetric = { name: '', labels: [], kind: undefined }
    if (id.type === 'metric' && scanPlainMetric(bytes, 0, bytes.length, plain)) {
      id.#name = plain.name
      id.#labels = plain.labels
      id.#rest = plain.kind === undefined ? NO_REST : { kind: plain.kind }
      return
    }
    const text = bytes.utf8Slice()
    const object = JSON.parse(SHAPES[id.type].timed ? `${text}"}` : `${text}}`) as Record<string, Json>
    const rest: Record<string, Json> = {}
    for (const key of SHAPES[id.type].identity) {
      if (key !== 'name' && key !== 'labels' && object[key] !== undefined) rest[key] = object[key]
    }
    id.#name = (object.name as string | undefined) ?? ''
    id.#labels = object.labels === undefined ? NO_LABELS : labelsOfObject(object.labels as Record<string, string>)
    id.#rest = rest
  }
}

/** The canonical text of an identity, see `Identity.prefix`. */
function prefixText(type: RecordType, name: string, labels: Labels, rest: IdentityRest): string {
  const shape = SHAPES[type]
  let text = `{"type":"${type}"`
  for (const key of shape.identity) {
    if (key === 'name') {
      if (name !== '') text += `,"name":${JSON.stringify(name)}`
    } else if (key === 'labels') {
      if (labels.length > 0) text += `,"labels":${labelsText(labels)}`
    } else {
      const value = rest[key]
      if (value !== undefined && !isEmpty(value)) text += `,"${key}":${canonical(value)}`
    }
  }
  return shape.timed ? text + TS : text
}

/** Whether a known field is left out of canonical form. */
export function isEmpty(value: Json): boolean {
  if (value === null) return true
  if (typeof value !== 'object') return false
  return Array.isArray(value) ? value.length === 0 : Object.keys(value).length === 0
}

let slots = 0

/** A place in `Identity.memo` and `Layout.memo` for one stage's answers. */
export function memoSlot(): number {
  return slots++
}
