// Syslog messages to log records.

import type { SourceContext } from '../component.js'
import { zoneOf } from '../go/zone.js'
import type { Connection } from '../listen/connection.js'
import type { Datagram } from '../listen/datagrams.js'
import { Told } from '../io/told.js'
import type { Json } from '../record/json.js'
import type { Payload } from '../record/record.js'
import { wholeCharacters } from '../wire/lines/splitter.js'
import { Framer, type Framing } from '../wire/syslog/framing.js'
import type { StructuredData, SyslogMessage } from '../wire/syslog/message.js'
import { FACILITIES, SEVERITIES } from '../wire/syslog/names.js'
import { type Format, parseSyslog } from '../wire/syslog/parse.js'
import type { Reading } from '../wire/syslog/rfc3164.js'
import { entryPayload } from './entry.js'
import { FieldLabels, type FieldLabelOptions, type Fields } from './field_labels.js'
import { readFrames } from './read_frames.js'
import { Rows } from './rows.js'
import { Stamps } from './stamps.js'
import { countCut, TRUNCATED } from './text_lines.js'

/** What a message tells beside its text, time and structured data, under the words of options. */
export const FIELDS = ['facility', 'severity', 'hostname', 'app', 'proc_id', 'msg_id', 'peer'] as const
export type Field = (typeof FIELDS)[number]

/** Labels as Grafana Alloy's loki.source.syslog names them, for relabel rules. */
const INTERNAL: ReadonlyMap<Field, string> = new Map([
  ['facility', '__syslog_message_facility'],
  ['severity', '__syslog_message_severity'],
  ['hostname', '__syslog_message_hostname'],
  ['app', '__syslog_message_app_name'],
  ['proc_id', '__syslog_message_proc_id'],
  ['msg_id', '__syslog_message_msg_id'],
  ['peer', '__syslog_connection_ip_address'],
])

export interface SyslogOptions extends FieldLabelOptions {
  readonly attribute_fields: readonly string[]
  readonly format: Format
  readonly framing: Framing
  readonly timestamp: 'message' | 'received'
  readonly timezone: string
  readonly max_message_bytes: number
}

type Context = Pick<SourceContext, 'account' | 'clock' | 'emit' | 'log' | 'reject'>

export class SyslogReceiver {
  readonly #stamps: Stamps
  readonly #told: Told
  readonly #labels: FieldLabels<Field>
  readonly #rows = new Rows()
  readonly #reading: Reading

  constructor(
    private readonly options: SyslogOptions,
    private readonly context: Context,
  ) {
    this.#stamps = new Stamps(context.clock)
    this.#told = new Told(context)
    this.#labels = new FieldLabels(options, INTERNAL)
    this.#reading = { now: 0, zone: zoneOf(options.timezone)! }
  }

  /** Reads a connection to its end. */
  async stream(connection: Connection): Promise<void> {
    const { framing, max_message_bytes: max } = this.options
    const { peer } = connection
    const take = (frame: Buffer, cut: boolean) => this.#take(frame, cut, peer)
    const reader = { begin: () => this.#begin(), take, pass: () => this.#rows.pass(this.context) }
    const unframed = await readFrames(connection, new Framer(framing, max), reader, this.context.account)
    if (unframed !== null) this.#reject('bad_frame', 'expected a count of octets', peer, unframed.subarray(0, max))
  }

  datagrams(datagrams: readonly Datagram[]): void | Promise<void> {
    this.#begin()
    const { max_message_bytes: max } = this.options
    for (const { bytes, peer } of datagrams) {
      this.#take(bytes.length > max ? wholeCharacters(bytes, max) : bytes, bytes.length > max, peer)
    }
    return this.#rows.pass(this.context)
  }

  #begin(): void {
    this.#stamps.look()
    this.#reading.now = this.context.clock.millis() / 1000
  }

  #take(frame: Buffer, cut: boolean, peer: string): void {
    const message = parseSyslog(frame.utf8Slice(0, frame.length), this.options.format, this.#reading)
    if (typeof message === 'string') return this.#reject('bad_message', message, peer, frame)
    if (cut) {
      countCut(this.context.account)
      const { max_message_bytes: max } = this.options
      this.#told.warn('cut', `${peer}: a message is longer than ${max} bytes (--max-message-bytes), or has no end: cut`)
    }
    const fields = fieldsOf(message, peer)
    const more = this.options.internal_labels ? structuredLabels(message.structured) : null
    this.#rows.add(this.#labels.identity(fields, more), this.#payload(message, fields, cut))
  }

  #payload({ body, ts, severity, structured }: SyslogMessage, fields: Fields<Field>, cut: boolean): Payload {
    const told = this.options.timestamp === 'message' ? ts : undefined
    const attributes: [string, Json][] = cut ? Object.entries(TRUNCATED) : []
    for (const field of this.options.attribute_fields) {
      const value = fields[field as Field]
      if (value !== undefined) attributes.push([field, value])
    }
    if (structured !== undefined) attributes.push(['structured_data', structuredJson(structured)])
    return entryPayload(body, this.#stamps.next(), told, severity, attributes)
  }

  #reject(reason: string, detail: string, peer: string, original: Buffer): void {
    this.context.account.in++
    this.context.reject({ reason, detail, where: peer, original: original.toString() })
  }
}

function fieldsOf({ facility, severity, hostname, app, procId, msgId }: SyslogMessage, peer: string): Fields<Field> {
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

function structuredLabels(structured: StructuredData | undefined): ReadonlyMap<string, string> {
  const labels = new Map<string, string>()
  for (const [id, params] of structured ?? []) {
    for (const [name, values] of params) {
      labels.set(`__syslog_message_sd_${id.replaceAll('@', '_')}_${name}`, values.at(-1)!)
    }
  }
  return labels
}

/** Element by element; a parameter that comes several times has a list. */
function structuredJson(structured: StructuredData): Json {
  const element = (params: ReadonlyMap<string, readonly string[]>): Json =>
    Object.fromEntries([...params].map(([name, values]) => [name, values.length === 1 ? values[0] : values]))
  return Object.fromEntries([...structured].map(([id, params]) => [id, element(params)]))
}
