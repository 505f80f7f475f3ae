// Log entries from spans: a line for each span, root, process or event (Grafana Agent, automatic logging; Alloy,
// otelcol.connector.spanlogs).

import { attributeText } from '../aggregate/table.js'
import { AtOnce } from '../at_once.js'
import type { Account, Pass } from '../component.js'
import { DerivedIdentities } from '../edit/identities.js'
import { Identity, memoSlot } from '../record/identity.js'
import { canonical, type Json } from '../record/json.js'
import { labelsOf } from '../record/labels.js'
import type { Payload, Record } from '../record/record.js'
import { attributeIn, durationOf, type JsonMap, mapIn, mapsIn, resourceOf, statusOf, textIn } from './span.js'

export interface SpanLogsSettings {
  /** What gets a line. */
  readonly spans: boolean
  readonly roots: boolean
  readonly processes: boolean
  readonly events: boolean
  readonly spanAttributes: readonly string[]
  readonly processAttributes: readonly string[]
  readonly eventAttributes: readonly string[]
  /** Keys of the line that become labels. */
  readonly labels: readonly string[]
  /** Label that tells what the line is of: span, root, process or event. */
  readonly typeLabel: string
  readonly keys: SpanLogKeys
  /** Identities remembered. */
  readonly maxIdentities: number
}

/** Keys in lines. */
export interface SpanLogKeys {
  readonly service: string
  readonly name: string
  readonly status: string
  readonly duration: string
  readonly trace: string
}

/** Nanoseconds: those of an event are as somebody wrote them. */
const TIME = /^(?:0|[1-9]\d{0,19})$/

type Fields = (readonly [key: string, value: string])[]
type Kind = 'span' | 'root' | 'process' | 'event'

const STATUS: { readonly [code: string]: string } = { ok: 'Ok', error: 'Error' }

export class SpanLogs extends AtOnce {
  readonly #identities: DerivedIdentities
  /** The trace of which a resource had its line last, by the resource. */
  readonly #traces = new Map<string, Json | undefined>()
  readonly #resource = memoSlot()

  constructor(
    private readonly settings: SpanLogsSettings,
    private readonly account: Account,
  ) {
    super()
    this.#identities = new DerivedIdentities(settings.maxIdentities)
  }

  override take(record: Record, _: number, pass: Pass): void {
    pass(record)
    const { spans, roots, processes, events } = this.settings
    const { identity, payload } = record
    const process = this.#process(resourceOf(identity))
    if (spans || (roots && isRoot(payload))) {
      const fields = [...this.#span(payload), ...process]
      if (spans) this.#log('span', record, fields, pass)
      if (roots && isRoot(payload)) this.#log('root', record, fields, pass)
    }
    if (processes && this.#isNewTrace(record)) this.#log('process', record, process, pass)
    if (events) for (const event of mapsIn(payload.events)) this.#event(record, event, process, pass)
  }

  #span(payload: Payload): Fields {
    const { keys, spanAttributes } = this.settings
    const status = statusOf(payload)
    const named: Fields = [[keys.name, textIn(payload.name)], [keys.duration, `${durationOf(payload)}ns`]]
    if (status !== '') named.push([keys.status, Object.hasOwn(STATUS, status) ? STATUS[status] : status])
    return [...named, ...fieldsIn(mapIn(payload.attributes), spanAttributes)]
  }

  #process(resource: JsonMap): Fields {
    const { keys, processAttributes } = this.settings
    const service = attributeIn('service.name', resource)
    const named: Fields = service === undefined ? [] : [[keys.service, attributeText(service)]]
    return [...named, ...fieldsIn(resource, processAttributes)]
  }

  #event(record: Record, event: JsonMap, process: Fields, pass: Pass): void {
    const { keys, eventAttributes } = this.settings
    const fields: Fields = [
      ['event', textIn(event.name)],
      ...fieldsIn(mapIn(event.attributes), eventAttributes),
      [keys.name, textIn(record.payload.name)],
      ...process,
    ]
    this.#log('event', record, fields, pass, textIn(event.ts))
  }

  /** Spans of a resource come together, one trace after another: one line for each of these. */
  #isNewTrace({ identity, payload }: Record): boolean {
    if (payload.trace_id === undefined) return false
    const resource = ((identity.memo ??= [])[this.#resource] ??= canonical(resourceOf(identity))) as string
    if (this.#traces.get(resource) === payload.trace_id) return false
    this.#traces.delete(resource)
    this.#traces.set(resource, payload.trace_id)
    if (this.#traces.size > this.settings.maxIdentities) this.#traces.delete(this.#traces.keys().next().value!)
    return true
  }

  #log(kind: Kind, { identity, payload }: Record, fields: Fields, pass: Pass, ts = ''): void {
    const { settings } = this
    const trace: Fields = payload.trace_id === undefined ? [] : [[settings.keys.trace, textIn(payload.trace_id)]]
    const all = [...fields, ...trace]
    const labels: Fields = [[settings.typeLabel, kind], ...all.filter(([key]) => settings.labels.includes(key))]
    const key = labels.map(([name, value]) => `${name.length}:${name}${value.length}:${value}`).join('')
    const made = this.#identities.get(identity, key, () => Identity.of('log', '', labelsOf(labels)))
    const end = typeof payload.end === 'string' ? payload.end : payload.ts
    const body = all.map(([name, value]) => logfmtPair(name, value)).join(' ')
    const log: Payload = { ts: TIME.test(ts) ? ts : end, body }
    if (payload.trace_id !== undefined) log.trace_id = payload.trace_id
    if (payload.span_id !== undefined && kind !== 'process') log.span_id = payload.span_id
    pass({ identity: made, payload: log })
    this.account.made++
  }
}

function isRoot({ parent_span_id }: Payload): boolean {
  return textIn(parent_span_id) === ''
}

function fieldsIn(map: JsonMap, names: readonly string[]): Fields {
  return names.flatMap((name): Fields => {
    const value: Json | undefined = attributeIn(name, map)
    return value === undefined ? [] : [[name, attributeText(value)]]
  })
}

/** Keys have no place for spaces, = and quotes; values with them, or with control characters, are quoted. */
function logfmtPair(key: string, value: string): string {
  const name = key.replace(/[\u0000-\u0020="\ufffd]/g, '')
  return `${name}=${/[\u0000-\u0020="\u007f\ufffd]/.test(value) ? JSON.stringify(value) : value}`
}
