// Redacts records: logs, spans, the labels of metrics. Labels and resource are looked at once for each identity.

import { Identity, type IdentityRest, memoSlot } from '../record/identity.js'
import type { Json } from '../record/json.js'
import type { Payload, Record } from '../record/record.js'
import { OpenKeys } from './open_keys.js'
import type { Redactor } from './redactor.js'

/** Where to look; the `line` of a span is its name and what its status says. */
export const REDACT_FIELDS = ['line', 'attributes', 'extracted', 'labels', 'resource'] as const
export type RedactField = (typeof REDACT_FIELDS)[number]

/** Fields of a payload, by what they count as. */
const PAYLOAD: { readonly [F in RedactField]: readonly string[] } = {
  line: ['body', 'name', 'status'],
  attributes: ['attributes', 'events', 'links'],
  extracted: ['extracted'],
  labels: [],
  resource: [],
}

/** What is looked at in the events and links of spans. */
const PARTS: { readonly [key: string]: readonly string[] } = { events: ['name', 'attributes'], links: ['attributes'] }

const PRIVATE_KEY = 'private_key'

export class RecordRedactor {
  readonly #slot = memoSlot()
  readonly #keys: readonly string[]
  /** null where private keys, or lines, are left as they are. */
  readonly #openKeys: OpenKeys | null

  constructor(
    private readonly redactor: Redactor,
    private readonly fields: ReadonlySet<RedactField>,
    private readonly metricLabels: boolean,
  ) {
    this.#keys = [...fields].flatMap((field) => PAYLOAD[field])
    this.#openKeys = fields.has('line') && redactor.has(PRIVATE_KEY) ? new OpenKeys() : null
  }

  /** What was hidden, by rule; in labels once for each identity. */
  get counts(): ReadonlyMap<string, number> {
    return this.redactor.counts
  }

  /** The record without what is to be hidden; the same one where there is nothing. */
  record(record: Record): Record {
    const { identity: id, payload } = record
    if (id.type === 'metric' && !this.metricLabels) return record
    const identity = ((id.memo ??= [])[this.#slot] ??= this.#identity(id)) as Identity
    const redacted = id.type === 'metric' ? this.#sample(payload) : this.#payload(id, payload)
    return identity === id && redacted === payload ? record : { identity, payload: redacted }
  }

  /** What exemplars say beside the labels of their series. */
  #sample(payload: Payload): Payload {
    const { exemplars } = payload
    if (exemplars === undefined || !this.fields.has('labels')) return payload
    const redacted = this.#parts(exemplars, ['labels', 'attributes'])
    return redacted === exemplars ? payload : { ...payload, exemplars: redacted }
  }

  #payload(id: Identity, payload: Payload): Payload {
    let out: Payload | undefined
    for (const key of this.#keys) {
      const value = payload[key]
      if (value === undefined) continue
      const redacted = Object.hasOwn(PARTS, key) ? this.#parts(value, PARTS[key]) : this.redactor.value(value)
      if (redacted !== value) (out ??= { ...payload })[key] = redacted
    }
    return this.#openKeys === null ? (out ?? payload) : this.#lines(this.#openKeys, id, payload, out ?? payload)
  }

  /** Maps of which some fields are looked at: times and ids are digits enough to be taken for something else. */
  #parts(value: Json, parts: readonly string[]): Json {
    if (!Array.isArray(value)) return value
    const list = value as readonly Json[]
    const items = list.map((item) => {
      if (!isMap(item)) return item
      const there = parts.filter((part) => Object.hasOwn(item, part))
      const changed = there.map((part): [string, Json] => [part, this.redactor.value(item[part])])
      const same = changed.every(([part, redacted]) => redacted === item[part])
      return same ? item : { ...item, ...Object.fromEntries(changed) }
    })
    return items.every((item, i) => item === list[i]) ? value : items
  }

  /** Hides a line that is all of a private key which another line began. */
  #lines(keys: OpenKeys, id: Identity, payload: Payload, out: Payload): Payload {
    const { body } = payload
    if (typeof body !== 'string') return out
    if (keys.continues(id, body)) return { ...out, body: this.redactor.hide(PRIVATE_KEY, body) }
    if (out.body !== body) keys.begins(id, body)
    return out
  }

  #identity(id: Identity): Identity {
    const labels = this.fields.has('labels') ? this.redactor.labels(id.labels) : id.labels
    const rest = this.#rest(id.rest)
    return labels === id.labels && rest === id.rest ? id : Identity.of(id.type, id.name, labels, rest)
  }

  #rest(rest: IdentityRest): IdentityRest {
    let out: { [key: string]: Json } | undefined
    for (const key of ['resource', 'resource_meta', 'scope', 'attributes']) {
      const value = rest[key]
      // The attributes of data points are their labels once more.
      if (value === undefined || !this.fields.has(key === 'attributes' ? 'labels' : 'resource')) continue
      const redacted = this.redactor.value(value)
      if (redacted !== value) (out ??= { ...rest })[key] = redacted
    }
    return out ?? rest
  }
}

function isMap(json: Json): json is { readonly [key: string]: Json } {
  return typeof json === 'object' && json !== null && !Array.isArray(json)
}
