// Syslog messages to log records.

import type { SourceContext } from '../component.js'
import { zoneOf } from '../go/zone.js'
import type { Connection } from '../listen/connection.js'
import type { Datagram } from '../listen/datagrams.js'
import { Told } from '../io/told.js'
import { RecordBatch } from '../record/batch.js'
import { Identity } from '../record/identity.js'
import type { Json } from '../record/json.js'
import { labelsOfMap } from '../record/labels.js'
import type { Payload } from '../record/record.js'
import { wholeCharacters } from '../wire/lines/splitter.js'
import { Framer, type Framing } from '../wire/syslog/framing.js'
import type { StructuredData, SyslogMessage } from '../wire/syslog/message.js'
import { FACILITIES, SEVERITIES, SEVERITY_NUMBERS } from '../wire/syslog/names.js'
import { type Format, parseSyslog } from '../wire/syslog/parse.js'
import type { Reading } from '../wire/syslog/rfc3164.js'
import { Recent } from './recent.js'
import { Stamps } from './stamps.js'
import { countCut, TRUNCATED } from './text_lines.js'

/** What a message tells beside its text, time and structured data, under the words of options. */
export const FIELDS = ['facility', 'severity', 'hostname', 'app', 'proc_id', 'msg_id', 'peer'] as const
export type Field = (typeof FIELDS)[number]

/** Labels as Grafana Alloy's loki.source.syslog names them, for relabel rules. */
const INTERNAL: { readonly [F in Field]: string } = {
  facility: '__syslog_message_facility',
  severity: '__syslog_message_severity',
  hostname: '__syslog_message_hostname',
  app: '__syslog_message_app_name',
  proc_id: '__syslog_message_proc_id',
  msg_id: '__syslog_message_msg_id',
  peer: '__syslog_connection_ip_address',
}

export interface SyslogOptions {
  readonly label: ReadonlyMap<string, string>
  readonly label_fields: readonly string[]
  readonly attribute_fields: readonly string[]
  readonly internal_labels: boolean
  readonly format: Format
  readonly framing: Framing
  readonly timestamp: 'message' | 'received'
  readonly timezone: string
  readonly max_message_bytes: number
  readonly max_identities: number
}

type Context = Pick<SourceContext, 'account' | 'clock' | 'emit' | 'log' | 'reject'>

/** Separates values in keys: no text that was read holds a high surrogate alone. */
const SEPARATOR = '\ud800'

/** Records on their way. */
interface Taken {
  ids: Identity[]
  payloads: Payload[]
}

export class SyslogReceiver {
  readonly #stamps: Stamps
  readonly #told: Told
  readonly #identities: Recent<Identity>
  readonly #reading: Reading

  constructor(
    private readonly options: SyslogOptions,
    private readonly context: Context,
  ) {
    this.#stamps = new Stamps(context.clock)
    this.#told = new Told(context)
    this.#identities = new Recent(options.max_identities)
    this.#reading = { now: 0, zone: zoneOf(options.timezone)! }
  }

  /** Reads a connection to its end. */
  async stream(connection: Connection): Promise<void> {
    const { framing, max_message_bytes: max } = this.options
    const framer = new Framer(framing, max)
    let taken = this.#begin()
    const take = (frame: Buffer, cut: boolean) => this.#take(frame, cut, connection.peer, taken)
    for await (const chunk of connection.chunks()) {
      this.context.account.in_bytes += chunk.length
      taken = this.#begin()
      const framed = framer.push(chunk, take)
      await this.#pass(taken)
      if (!framed) return this.#reject('bad_frame', 'expected a count of octets', connection.peer, chunk.subarray(0, max))
    }
    taken = this.#begin()
    framer.end(take)
    await this.#pass(taken)
  }

  datagrams(datagrams: readonly Datagram[]): void | Promise<void> {
    const taken = this.#begin()
    const { max_message_bytes: max } = this.options
    for (const { bytes, peer } of datagrams) {
      this.#take(bytes.length > max ? wholeCharacters(bytes, max) : bytes, bytes.length > max, peer, taken)
    }
    return this.#pass(taken)
  }

  #begin(): Taken {
    this.#stamps.look()
    this.#reading.now = this.context.clock.millis() / 1000
    return { ids: [], payloads: [] }
  }

  #pass({ ids, payloads }: Taken): void | Promise<void> {
    if (ids.length > 0) return this.context.emit(new RecordBatch(ids, payloads))
  }

  #take(frame: Buffer, cut: boolean, peer: string, { ids, payloads }: Taken): void {
    const message = parseSyslog(frame.utf8Slice(0, frame.length), this.options.format, this.#reading)
    if (typeof message === 'string') return this.#reject('bad_message', message, peer, frame)
    if (cut) {
      countCut(this.context.account)
      const { max_message_bytes: max } = this.options
      this.#told.warn('cut', `${peer}: a message is longer than ${max} bytes (--max-message-bytes), or has no end: cut`)
    }
    const fields = fieldsOf(message, peer)
    ids.push(this.#identity(fields, message.structured))
    payloads.push(this.#payload(message, fields, cut))
  }

  #payload(message: SyslogMessage, fields: Fields, cut: boolean): Payload {
    const received = this.#stamps.next()
    const told = this.options.timestamp === 'message' ? message.ts : undefined
    const payload: Payload = { ts: told ?? received, body: message.body }
    if (told !== undefined) payload.observed = received
    if (message.severity !== undefined) {
      payload.severity = SEVERITIES[message.severity]
      payload.severity_number = SEVERITY_NUMBERS[message.severity]
    }
    const attributes: { [name: string]: Json } = cut ? { ...TRUNCATED } : {}
    for (const field of this.options.attribute_fields) {
      const value = fields[field as Field]
      if (value !== undefined) attributes[field] = value
    }
    if (message.structured !== undefined) attributes.structured_data = structuredJson(message.structured)
    payload.attributes = attributes
    return payload
  }

  #identity(fields: Fields, structured: StructuredData | undefined): Identity {
    const { label, label_fields, internal_labels } = this.options
    const key = internal_labels ? null : label_fields.map((field) => fields[field as Field]).join(SEPARATOR)
    const known = key === null ? undefined : this.#identities.get(key)
    if (known !== undefined) return known
    const labels = new Map<string, string>()
    for (const field of label_fields) {
      const value = fields[field as Field]
      if (value !== undefined) labels.set(field, value)
    }
    for (const [name, value] of label) labels.set(name, value)
    if (internal_labels) internalLabels(fields, structured, labels)
    const identity = Identity.of('log', '', labelsOfMap(labels))
    if (key !== null) this.#identities.set(key, identity)
    return identity
  }

  #reject(reason: string, detail: string, peer: string, original: Buffer): void {
    this.context.account.in++
    this.context.reject({ reason, detail, where: peer, original: original.toString() })
  }
}

type Fields = { readonly [F in Field]: string | undefined }

function fieldsOf({ facility, severity, hostname, app, procId, msgId }: SyslogMessage, peer: string): Fields {
  return {
    facility: facility === undefined ? undefined : FACILITIES[facility],
    severity: severity === undefined ? undefined : SEVERITIES[severity],
    hostname,
    app,
    proc_id: procId,
    msg_id: msgId,
    peer: peer === '' ? undefined : peer,
  }
}

function internalLabels(fields: Fields, structured: StructuredData | undefined, labels: Map<string, string>): void {
  for (const field of FIELDS) {
    const value = fields[field]
    if (value !== undefined) labels.set(INTERNAL[field], value)
  }
  for (const [id, params] of structured ?? []) {
    for (const [name, values] of params) {
      labels.set(`__syslog_message_sd_${id.replaceAll('@', '_')}_${name}`, values.at(-1)!)
    }
  }
}

/** Element by element; a parameter that comes several times has a list. */
function structuredJson(structured: StructuredData): Json {
  const element = (params: ReadonlyMap<string, readonly string[]>): Json =>
    Object.fromEntries([...params].map(([name, values]) => [name, values.length === 1 ? values[0] : values]))
  return Object.fromEntries([...structured].map(([id, params]) => [id, element(params)]))
}
