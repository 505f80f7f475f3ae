// Records as lines for people.

import type { Batch } from '../record/batch.js'
import { ByteBuffer } from '../record/bytes.js'
import { type Identity, memoSlot } from '../record/identity.js'
import { canonical, fieldOf, type Json } from '../record/json.js'
import { getLabel, type Labels, labelsOf, labelPairs } from '../record/labels.js'
import type { Exemplar, Payload } from '../record/record.js'
import { millisOf } from '../record/time.js'
import { type Cell, labelsCell } from './labels.js'
import { levelStyle, levelText } from './level.js'
import { momentText, TIME_WIDTH } from './moment.js'
import { numberColumn, pointText } from './point.js'
import type { Paint, Style } from './style.js'
import { GAP, jsonText, safe, safeLines } from './text.js'
import { bytesText, secondsText, type Unit, unitOf, valueText } from './value.js'

export interface ViewOptions {
  paint: Paint
  /** Columns that label sets keep within; Infinity shows all. */
  width: number
  utc: boolean
  /** Numbers as they are, without unit. */
  exact: boolean
  /** Unix milliseconds now. */
  now(): number
}

/** Columns between which the values of metrics align. */
const WIDEST_SERIES = 100
const VALUE_WIDTH = 16
/** Metrics whose unit their metadata told, at most. */
const MAX_UNITS = 10_000

interface Series extends Cell {
  unit: Unit
  unitWord: string
}

export class Viewer {
  readonly #slot = memoSlot()
  readonly #units = new Map<string, string>()
  readonly #paint: Paint
  #column = 0

  constructor(private readonly options: ViewOptions) {
    this.#paint = options.paint
  }

  /** All rows, a line or more each. */
  text(batch: Batch): string {
    for (let row = 0; row < batch.length; row++) {
      const id = batch.id(row)
      if (id?.type === 'metric') this.#column = Math.max(this.#column, Math.min(this.#widest(), this.#series(id).width))
    }
    let text = ''
    for (let row = 0; row < batch.length; row++) text += `${this.#line(batch, row).trimEnd()}\n`
    return text
  }

  #widest(): number {
    const { width } = this.options
    return Number.isFinite(width) ? Math.max(20, width - TIME_WIDTH - 2 * GAP.length - VALUE_WIDTH) : WIDEST_SERIES
  }

  #line(batch: Batch, row: number): string {
    const id = batch.id(row)
    if (id === undefined) return this.#untimed('?', 'red', safe(unread(batch, row)))
    if (id.type === 'metric') return this.#metric(id, batch, row)
    const payload = batch.payload(row)
    switch (id.type) {
      case 'log':
        return this.#log(id, payload)
      case 'span':
        return this.#span(id, payload)
      case 'profile':
        return this.#profile(id, payload)
      case 'target':
        return this.#target(id, payload)
      case 'metadata':
        return this.#metadata(id)
      case 'checkpoint':
        return this.#untimed('checkpoint', 'dim', `${jsonText(id.rest.source)} ${jsonText(payload.position)}`)
    }
  }

  #time(ts: string | undefined): string {
    const { now, utc } = this.options
    return this.#paint('dim', momentText(ts === undefined ? 0 : millisOf(ts), now(), utc))
  }

  #untimed(word: string, style: Style, rest: string): string {
    return `${' '.repeat(TIME_WIDTH)}${GAP}${this.#paint(style, word)} ${rest}`
  }

  /** A label set in what room a line has beside the rest. */
  #labels(labels: Labels, beside: number): string {
    const room = Math.max(30, this.options.width - TIME_WIDTH - GAP.length - beside)
    return labelsCell(labels, room, this.#paint).text
  }

  /** `name{labels}`, remembered by identity. */
  #series(id: Identity): Series {
    const known = id.memo?.[this.#slot] as Series | undefined
    if (known !== undefined) return known
    const name = safe(id.name)
    const room = Number.isFinite(this.options.width) ? Math.max(10, this.#widest() - name.length) : Infinity
    const cell = labelsCell(labelsWithResource(id), room, this.#paint)
    const unitWord = typeof id.rest.unit === 'string' ? id.rest.unit : (this.#units.get(id.name) ?? '')
    const series = {
      text: this.#paint('bold', name) + cell.text,
      width: name.length + cell.width,
      unit: unitOf(id.name, unitWord),
      unitWord: safe(unitWord),
    }
    ;(id.memo ??= [])[this.#slot] = series
    return series
  }

  #metric(id: Identity, batch: Batch, row: number): string {
    const series = this.#series(id)
    const space = ' '.repeat(Math.max(0, this.#column - series.width))
    const head = `${this.#time(batch.ts(row))}${GAP}${series.text}${space}${GAP}`
    const write = (value: number) =>
      this.options.exact ? safe(String(fieldOf(value))) : valueText(value, series.unit, series.unitWord)
    if (batch.plain(row)) return head + numberColumn(write(batch.value(row)), this.#paint)
    const payload = batch.payload(row)
    const parts = [head, pointText(payload, write, this.#paint)]
    const exemplars = Array.isArray(payload.exemplars) ? (payload.exemplars as unknown as Exemplar[]) : []
    for (const { labels, value } of exemplars) {
      const cell = labelsCell(labelsOf(textPairs(labels)), Infinity, this.#paint)
      parts.push(`${GAP}${this.#paint('dim', '#')} ${cell.text} ${safe(String(value))}`)
    }
    return parts.join('')
  }

  #log(id: Identity, payload: Payload): string {
    const level = String(payload.severity ?? (getLabel(id.labels, 'level') || getLabel(id.labels, 'detected_level')))
    const indent = ' '.repeat(TIME_WIDTH + GAP.length + 6)
    const body = typeof payload.body === 'string' ? safeLines(payload.body, indent) : jsonText(payload.body)
    const word = this.#paint(levelStyle(level, payload.severity_number), levelText(level))
    const head = `${this.#time(payload.ts)}${GAP}${word}`
    const parts = [
      body,
      this.#labels(labelsWithResource(id), body.length + 8),
      this.#attributes(payload.attributes),
      this.#trace(payload),
    ]
    return `${head} ${joined(parts)}`
  }

  #span(id: Identity, payload: Payload): string {
    const name = safe(String(payload.name ?? ''))
    const status = (payload.status ?? {}) as Status
    const lasted = durationText(payload)
    const parts = [
      this.#paint('bold', name),
      this.#paint('green', lasted),
      safe(String(payload.kind ?? '')),
      this.#paint(status.code === 'error' ? 'red' : 'green', statusText(status)),
      this.#labels(labelsWithResource(id), name.length + 30),
      this.#attributes(payload.attributes),
      ...(['events', 'links'] as const).map((key) => countText(payload[key], key)),
      this.#trace(payload),
    ]
    return `${this.#time(payload.ts)}${GAP}${this.#paint('magenta', 'span')}  ${joined(parts)}`
  }

  #trace(payload: Payload): string {
    return (['trace_id', 'span_id', 'parent_span_id'] as const)
      .filter((key) => payload[key] !== undefined)
      .map((key) => this.#paint('dim', `${key.replace(/_id$/, '')}=`) + safe(String(payload[key])))
      .join(' ')
  }

  #attributes(attributes: Json | undefined): string {
    if (attributes === undefined || attributes === null || typeof attributes !== 'object') return ''
    return Object.entries(attributes)
      .map(([name, value]) => {
        const bare = typeof value === 'string' && /^[^\s"=]+$/.test(value)
        return this.#paint('dim', `${safe(name)}=`) + (bare ? safe(value) : jsonText(value))
      })
      .join(' ')
  }

  #profile(id: Identity, payload: Payload): string {
    const lasted = durationText(payload)
    const parts = [
      this.#paint('bold', safe(id.name)) + this.#labels(labelsWithResource(id), id.name.length + 40),
      safe(String(payload.format ?? '')),
      typeof payload.data === 'string' ? bytesText(Buffer.byteLength(payload.data, 'base64')) : '',
      lasted === '' ? '' : `over ${lasted}`,
    ]
    return `${this.#time(payload.ts)}${GAP}${this.#paint('magenta', 'profile')} ${joined(parts)}`
  }

  #target(id: Identity, payload: Payload): string {
    const { state, ...rest } = payload
    const gone = state === 'gone'
    const more = Object.keys(rest).length === 0 ? '' : `${GAP}${jsonText(rest as { [key: string]: Json })}`
    const word = this.#paint(gone ? 'red' : 'green', safe(String(state ?? 'present')))
    return this.#untimed('target', 'magenta', `${word}${GAP}${this.#labels(id.labels, 20)}${more}`)
  }

  #metadata(id: Identity): string {
    const { help, unit } = id.rest
    if (typeof unit === 'string' && unit !== '' && this.#units.size < MAX_UNITS) this.#units.set(id.name, unit)
    const what = [id.kind, typeof unit === 'string' ? unit : ''].filter((word) => word !== '').map(safe).join(', ')
    const text = typeof help === 'string' ? `${GAP}${safe(help)}` : ''
    const name = this.#paint('bold', safe(id.name))
    return this.#untimed('metadata', 'dim', `${name}${what === '' ? '' : ` (${what})`}${text}`)
  }
}

/** A line that was passed on unread. */
function unread(batch: Batch, row: number): string {
  const out = new ByteBuffer()
  batch.select([undefined], Int32Array.of(row), null).write(out)
  return out.take().toString().trimEnd()
}

/** How long a record that has an end lasted; `''` for others. */
function durationText({ ts, end }: Payload): string {
  return typeof end === 'string' && ts !== undefined ? secondsText(Number(BigInt(end) - BigInt(ts)) / 1e9) : ''
}

interface Status {
  code?: string
  message?: string
}

function statusText({ code, message }: Status): string {
  return [code, message].filter((part) => part !== undefined && part !== '').map((part) => safe(String(part))).join(': ')
}

function joined(parts: readonly string[]): string {
  return parts.filter((part) => part !== '').join(GAP)
}

/** Labels and, beside them, what OTLP says about the resource. */
function labelsWithResource(id: Identity): Labels {
  const { resource } = id.rest
  if (resource === undefined || resource === null || typeof resource !== 'object') return id.labels
  return labelsOf([...textPairs(resource as { [name: string]: Json }), ...labelPairs(id.labels)])
}

function textPairs(map: { readonly [name: string]: Json } | undefined): [string, string][] {
  if (map === undefined) return []
  return Object.entries(map).map(([name, value]) => [name, typeof value === 'string' ? value : canonical(value)])
}

function countText(list: Json | undefined, word: string): string {
  return Array.isArray(list) && list.length > 0 ? `${list.length} ${list.length === 1 ? word.slice(0, -1) : word}` : ''
}
