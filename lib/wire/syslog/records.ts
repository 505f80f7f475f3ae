// A log record as a syslog message: what `receive syslog` made of one goes back to its place, other records bring what
// they have.

import type { Identity } from '../../record/identity.js'
import { canonical, type Json, sortedKeys } from '../../record/json.js'
import { labelPairs } from '../../record/labels.js'
import type { Payload } from '../../record/record.js'
import type { SyslogMessage } from './message.js'
import { FACILITIES, severityOfNumber, severityOfWord } from './names.js'

export interface MessageDefaults {
  /** Number of the facility of records that name none. */
  facility: number
  hostname: string
  app: string
  /** Id of an element of structured data that holds labels and attributes; undefined for none. */
  element: string | undefined
}

/** Attributes that have a place of their own in a message. */
const FIELDS = new Set(['facility', 'severity', 'hostname', 'app', 'proc_id', 'msg_id', 'structured_data'])

export function messageOf(identity: Identity, payload: Payload, defaults: MessageDefaults): SyslogMessage {
  const attributes = objectOf(payload.attributes)
  const labels = new Map(labelPairs(identity.labels))
  const resource = objectOf(identity.rest.resource)
  const find = (...names: readonly string[]): string | undefined => {
    for (const name of names) {
      const value = textOf(attributes.get(name)) ?? labels.get(name)
      if (value !== undefined && value !== '') return value
    }
    return undefined
  }
  return {
    facility: facilityOf(find('facility')) ?? defaults.facility,
    severity: severityOf(payload, find('severity', 'level')),
    ts: payload.ts,
    hostname: find('hostname', 'host') ?? textOf(resource.get('host.name')) ?? defaults.hostname,
    app: find('app', 'service_name') ?? textOf(resource.get('service.name')) ?? defaults.app,
    procId: find('proc_id', 'pid'),
    msgId: find('msg_id'),
    structured: structuredOf(attributes, labels, defaults.element),
    body: bodyText(payload.body),
  }
}

/** The text of a body; JSON of one that is no text. */
function bodyText(body: Json | undefined): string {
  if (typeof body === 'string') return body
  return body === undefined || body === null ? '' : canonical(body)
}

/** The fields of an object, safe for any name. */
function objectOf(value: Json | undefined): ReadonlyMap<string, Json> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return new Map()
  return new Map(sortedKeys(value).map((key) => [key, (value as { readonly [key: string]: Json })[key]]))
}

function textOf(value: Json | undefined): string | undefined {
  if (typeof value === 'string') return value
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined
}

function facilityOf(word: string | undefined): number | undefined {
  if (word === undefined) return undefined
  const number = FACILITIES.indexOf(word.toLowerCase() as (typeof FACILITIES)[number])
  if (number >= 0) return number
  return /^(1?\d|2[0-3])$/.test(word) ? Number(word) : undefined
}

function severityOf({ severity, severity_number: number }: Payload, word: string | undefined): number | undefined {
  const known = typeof severity === 'string' ? severityOfWord(severity) : undefined
  if (known !== undefined) return known
  if (typeof number === 'number' && number >= 1 && number <= 24) return severityOfNumber(number)
  return word === undefined ? undefined : severityOfWord(word)
}

function structuredOf(
  attributes: ReadonlyMap<string, Json>, labels: ReadonlyMap<string, string>, element: string | undefined,
): SyslogMessage['structured'] {
  const data = new Map<string, Map<string, string[]>>()
  for (const [id, params] of objectOf(attributes.get('structured_data'))) {
    const texts = [...objectOf(params)].map(([name, value]) => [name, valuesOf(value)] as const)
    data.set(id, new Map(texts))
  }
  if (element !== undefined) {
    const own = data.get(element) ?? new Map<string, string[]>()
    for (const [name, value] of labels) if (!FIELDS.has(name) && !name.startsWith('__')) own.set(name, [value])
    for (const [name, value] of attributes) if (!FIELDS.has(name)) own.set(name, [textOf(value) ?? canonical(value)])
    if (own.size > 0) data.set(element, own)
  }
  return data.size === 0 ? undefined : data
}

function valuesOf(value: Json): string[] {
  if (!Array.isArray(value)) return [textOf(value) ?? canonical(value)]
  return value.map((one: Json) => textOf(one) ?? canonical(one))
}
