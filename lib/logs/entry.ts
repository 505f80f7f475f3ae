// A log entry as stages work on it: labels, time, line, what was extracted, structured metadata. Taken apart once for
// all stages of a list, and put together once.

import type { Identity } from '../record/identity.js'
import { canonical, type Json } from '../record/json.js'
import { labelPairs, NO_LABELS } from '../record/labels.js'
import { extractedField } from '../record/log_line.js'
import type { Payload, Record } from '../record/record.js'

/** Fields by name. undefined: deleted, where the name would mean a label. */
export interface Fields {
  [name: string]: Json | undefined
}

/** Sets a field whatever its name is. */
export function put(fields: Fields, name: string, value: Json | undefined): void {
  if (name !== '__proto__') fields[name] = value
  else Object.defineProperty(fields, name, { value, enumerable: true, configurable: true, writable: true })
}

const isFields = (value: Json | undefined): value is { readonly [name: string]: Json } =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

export class LogEntry {
  /** Its stream. */
  identity!: Identity
  /** Unix nanoseconds, decimal. */
  ts = ''
  line = ''
  /** Where it stands among all that came; that of the oldest one where several were joined. */
  order = 0
  #payload!: Payload
  /** The line as it came: a body that is no text reads as its JSON. */
  #line = ''
  /** What was extracted, where that is to change; as it came it stays in the payload, unread until somebody asks. */
  #fields: Fields | undefined
  #ownFields = false
  #attributes: Fields | undefined
  #ownAttributes = false
  /** Whose labels count as extracted: what the entry came with. */
  #labelled: Identity | null = null

  /** @param labelled whether labels that the entry came with count as extracted, as in a pipeline of Alloy */
  constructor(record: Record, order: number, labelled: boolean) {
    this.load(record, order, labelled)
  }

  /** Makes it another entry: where none is held, one object serves all of them, which takes a fifth of the time. */
  load({ identity, payload }: Record, order: number, labelled: boolean): this {
    this.identity = identity
    this.order = order
    this.#payload = payload
    this.ts = payload.ts ?? '0'
    const { body, attributes } = payload
    this.#line = this.line = typeof body === 'string' ? body : body === undefined ? '' : canonical(body)
    this.#attributes = isFields(attributes) ? attributes : undefined
    this.#ownFields = this.#ownAttributes = false
    this.#labelled = labelled ? identity : null
    return this
  }

  /** Value of an extracted field; undefined where there is none. */
  get(name: string): Json | undefined {
    if (!this.#ownFields) {
      const value = extractedField(this.#payload, name)
      if (value !== undefined) return value
    } else if (Object.hasOwn(this.#fields!, name)) return this.#fields![name]
    if (this.#labelled === null) return undefined
    const { labels } = this.#labelled
    for (let i = 0; i < labels.length; i += 2) if (labels[i] === name) return labels[i + 1]
    return undefined
  }

  set(name: string, value: Json): void {
    put(this.extracting(), name, value)
  }

  delete(name: string): void {
    if (this.get(name) !== undefined) put(this.extracting(), name, undefined)
  }

  /** The extracted fields, to be changed by `put`. */
  extracting(): Fields {
    if (!this.#ownFields) {
      const { extracted } = this.#payload
      this.#fields = isFields(extracted) ? { ...extracted } : {}
      this.#ownFields = true
    }
    return this.#fields!
  }

  /** All fields, labels that count as extracted first. */
  fields(): Map<string, Json> {
    const all = new Map<string, Json>()
    for (const [name, value] of labelPairs(this.#labelled?.labels ?? NO_LABELS)) all.set(name, value)
    const { extracted } = this.#payload
    const fields = this.#ownFields ? this.#fields! : isFields(extracted) ? extracted : {}
    for (const [name, value] of Object.entries(fields)) {
      if (value === undefined) all.delete(name)
      else all.set(name, value)
    }
    return all
  }

  /** Structured metadata. */
  get attributes(): Readonly<Fields> {
    return this.#attributes ?? {}
  }

  setAttribute(name: string, value: Json | undefined): void {
    if (!this.#ownAttributes) {
      this.#attributes = { ...this.#attributes }
      this.#ownAttributes = true
    }
    put(this.#attributes!, name, value)
  }

  /** Another entry like it, for a stage that makes several of one. */
  clone(): LogEntry {
    const { identity, order } = this
    const entry = new LogEntry(this.record(), order, false)
    entry.identity = identity
    entry.#labelled = this.#labelled
    return entry
  }

  /** The record, of which nothing is copied that did not change. */
  record(): Record {
    const { identity, ts, line } = this
    const payload = this.#payload
    const same = line === this.#line && (payload.ts === ts || payload.ts === undefined)
    if (same && !this.#ownFields && !this.#ownAttributes) return { identity, payload }
    const body = line !== this.#line || typeof payload.body === 'string' ? line : payload.body
    const fields = this.#ownFields ? this.#fields : payload.extracted
    const out = outOf(ts, body, this.#attributes as Json | undefined, fields as Json | undefined)
    for (const key in payload) if (!Object.hasOwn(out, key)) put(out, key, payload[key])
    return { identity, payload: out }
  }
}

/** An object that has its fields from the start takes half of the time that a copy with more fields takes. */
function outOf(ts: string, body: Json | undefined, attributes: Json | undefined, extracted: Json | undefined): Payload {
  if (extracted === undefined) return attributes === undefined ? { ts, body } : { ts, body, attributes }
  return attributes === undefined ? { ts, body, extracted } : { ts, body, attributes, extracted }
}
