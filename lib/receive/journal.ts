// Entries of systemd's journal to log records, with its cursor as checkpoint.

import { isUtf8 } from 'node:buffer'
import type { SourceContext } from '../component.js'
import { Backoff } from '../delivery/backoff.js'
import { EXIT, Problem } from '../diag/problem.js'
import { Told } from '../io/told.js'
import { durationText } from '../option/value.js'
import { RecordBatch } from '../record/batch.js'
import { Identity } from '../record/identity.js'
import type { Json } from '../record/json.js'
import { labelsOfMap } from '../record/labels.js'
import type { Payload } from '../record/record.js'
import { checkpointIdentity } from '../state/checkpoint.js'
import type { State } from '../state/state.js'
import { type Entry, ExportReader } from '../wire/journal/export.js'
import { LineSplitter } from '../wire/lines/splitter.js'
import { SEVERITIES, SEVERITY_NUMBERS } from '../wire/syslog/names.js'
import { type ChildOptions, type Reading, runChild } from './child.js'
import { Recent } from './recent.js'
import { Stamps } from './stamps.js'
import { countCut, TRUNCATED } from './text_lines.js'

export interface JournalOptions {
  readonly directory: string | undefined
  readonly unit: readonly string[]
  readonly from: 'start' | 'end'
  readonly once: boolean
  readonly journalctl: string
  readonly label: ReadonlyMap<string, string>
  readonly label_fields: readonly string[]
  readonly attribute_fields: readonly string[]
  readonly internal_labels: boolean
  readonly max_entry_bytes: number
  readonly max_identities: number
  readonly stop_timeout: number
}

/** `LABEL=FIELD`, or a field whose name in lower case, without underscores in front, is the label. */
export const LABEL_FIELD = /^(?:([A-Za-z_]\w*)=)?(_{0,2}[A-Z][A-Z0-9_]*)$/

/** Milliseconds between starts of a journalctl that ends. */
const MIN_BACKOFF = 500
const MAX_BACKOFF = 30_000
const MAX_LINE = 4096
/** Separates values in keys: no text that was read holds a high surrogate alone. */
const SEPARATOR = '\ud800'

export class JournalSource {
  readonly #labels: readonly (readonly [label: string, field: string])[]
  readonly #left: ReadonlySet<string>
  readonly #identities: Recent<Identity>
  readonly #checkpoint: Identity
  readonly #name: string
  readonly #told: Told
  readonly #stamps: Stamps
  #cursor: string | null = null

  /** @param matches what journalctl takes as such: FIELD=VALUE, + */
  constructor(
    private readonly matches: readonly string[],
    private readonly options: JournalOptions,
    private readonly tie: ChildOptions['tie'],
    private readonly state: State | null,
    private readonly context: SourceContext,
  ) {
    this.#labels = options.label_fields.map((text) => {
      const [, label, field] = LABEL_FIELD.exec(text)!
      return [label ?? field.replace(/^_+/, '').toLowerCase(), field] as const
    })
    // They have places of their own.
    this.#left = new Set(['MESSAGE', 'PRIORITY', ...this.#labels.map(([, field]) => field)])
    this.#identities = new Recent(options.max_identities)
    this.#name = ['receive.journal', options.directory ?? '', ...options.unit, ...matches].join('/')
    this.#checkpoint = checkpointIdentity(this.#name)
    this.#told = new Told(context)
    this.#stamps = new Stamps(context.clock)
  }

  /** Until the end of the journal (`once`), or the signal. Throws a Problem. */
  async run(): Promise<void> {
    const { clock, log, signal } = this.context
    const position = this.state === null ? null : await this.state.read(this.#name, log)
    const cursor = (position as { readonly cursor?: Json } | null)?.cursor
    if (typeof cursor === 'string') this.#cursor = cursor
    const backoff = new Backoff(MIN_BACKOFF, MAX_BACKOFF)
    while (!signal.aborted) {
      const child = { tie: this.tie, stopTimeout: this.options.stop_timeout }
      const end = await runChild(this.#words(), child, this.#entries(), this.#complaints(), this.context)
      if (signal.aborted || (end === 0 && this.options.once)) return
      const how = typeof end === 'number' ? `ended with ${end}` : `was ended by ${end}`
      if (this.options.once) throw new Problem(`${this.options.journalctl} ${how}`, { exit: EXIT.failed })
      const wait = Math.round(backoff.next())
      log.error(`${this.options.journalctl} ${how}: starting it again in ${durationText(wait)}`)
      await clock.sleep(wait, signal)
    }
  }

  #words(): string[] {
    const { directory, unit, from, once, journalctl } = this.options
    // Without --merge, --follow shows what came since the last boot alone.
    const words = [journalctl, '--output=export', '--no-pager', '--quiet', '--merge']
    if (!once) words.push('--follow')
    if (directory !== undefined) words.push(`--directory=${directory}`)
    for (const one of unit) words.push(`--unit=${one}`)
    if (this.#cursor !== null) words.push(`--after-cursor=${this.#cursor}`)
    words.push(this.#cursor === null && from === 'end' ? '--lines=0' : '--no-tail')
    return [...words, '--', ...this.matches]
  }

  #entries(): Reading {
    const reader = new ExportReader(this.options.max_entry_bytes)
    let ids: Identity[] = []
    let payloads: Payload[] = []
    const take = (entry: Entry, cut: boolean) => {
      ids.push(this.#identity(entry))
      payloads.push(this.#payload(entry, cut))
      const cursor = textOf(entry, '__CURSOR')
      if (cursor !== undefined) this.#cursor = cursor
    }
    const pass = () => {
      if (ids.length === 0) return
      if (this.state !== null && this.#cursor !== null) {
        ids.push(this.#checkpoint)
        payloads.push({ position: { cursor: this.#cursor } })
      }
      const batch = new RecordBatch(ids, payloads)
      ids = []
      payloads = []
      return this.context.emit(batch)
    }
    const push = (chunk: Buffer) => {
      this.context.account.in_bytes += chunk.length
      this.#stamps.look()
      reader.push(chunk, take)
      return pass()
    }
    // What stands behind the last empty line is an entry only where nobody ended it by force.
    const end = () => {
      if (this.options.once && !this.context.signal.aborted) reader.end(take)
      return pass()
    }
    return { push, end }
  }

  #complaints(): Reading {
    const lines = new LineSplitter({ maxBytes: MAX_LINE })
    const take = (line: Buffer) => this.context.log.warn(`${this.options.journalctl}: ${line.toString()}`)
    return { push: (chunk) => lines.push(chunk, take), end: () => lines.end(take) }
  }

  #payload(entry: Entry, cut: boolean): Payload {
    const micros = textOf(entry, '__REALTIME_TIMESTAMP')
    const ts = micros !== undefined && /^\d{1,16}$/.test(micros) ? `${micros}000` : this.#stamps.next()
    const payload: Payload = { ts, body: textOf(entry, 'MESSAGE') ?? '' }
    const priority = textOf(entry, 'PRIORITY') ?? ''
    if (/^[0-7]$/.test(priority)) {
      payload.severity = SEVERITIES[Number(priority)]
      payload.severity_number = SEVERITY_NUMBERS[Number(priority)]
    }
    const attributes: [string, Json][] = cut ? Object.entries(TRUNCATED) : []
    if (cut) {
      countCut(this.context.account)
      this.#told.warn('cut', `an entry is longer than ${this.options.max_entry_bytes} bytes (--max-entry-bytes): cut`)
    }
    const wanted = this.options.attribute_fields
    for (const [name, values] of entry) {
      if (this.#left.has(name) || (wanted.length === 0 ? name.startsWith('__') : !wanted.includes(name))) continue
      attributes.push([name, values.length === 1 ? jsonOf(values[0]) : values.map(jsonOf)])
    }
    // Safe for any name: properties of the object's own.
    if (attributes.length > 0) payload.attributes = Object.fromEntries(attributes)
    return payload
  }

  #identity(entry: Entry): Identity {
    const { internal_labels, label } = this.options
    const values = this.#labels.map(([, field]) => textOf(entry, field))
    const key = internal_labels ? null : values.join(SEPARATOR)
    const known = key === null ? undefined : this.#identities.get(key)
    if (known !== undefined) return known
    const labels = new Map<string, string>()
    for (const [i, [name]] of this.#labels.entries()) if (values[i] !== undefined) labels.set(name, values[i])
    for (const [name, value] of label) labels.set(name, value)
    if (internal_labels) {
      for (const name of entry.keys()) {
        if (name !== 'MESSAGE') labels.set(`__journal_${name.toLowerCase()}`, textOf(entry, name)!)
      }
    }
    const identity = Identity.of('log', '', labelsOfMap(labels))
    if (key !== null) this.#identities.set(key, identity)
    return identity
  }
}

/** The first value of a field, as text. */
function textOf(entry: Entry, name: string): string | undefined {
  const bytes = entry.get(name)?.[0]
  return bytes?.utf8Slice(0, bytes.length)
}

function jsonOf(bytes: Buffer): Json {
  return isUtf8(bytes) ? bytes.utf8Slice(0, bytes.length) : { $bytes: bytes.toString('base64') }
}
