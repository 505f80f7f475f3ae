// Logs of containers to records: all that are there, and those that start.

import type { Readable } from 'node:stream'
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
import { type DockerLine, type DockerReader, dockerReader, type StreamName } from '../wire/docker/frames.js'
import { LineSplitter } from '../wire/lines/splitter.js'
import { type Container, DockerApi } from './docker_api.js'
import { Stamps } from './stamps.js'
import { countCut, TRUNCATED } from './text_lines.js'

export interface DockerOptions {
  readonly host: string
  readonly container: readonly string[]
  readonly container_label: readonly string[]
  readonly label_fields: readonly string[]
  readonly internal_labels: boolean
  readonly label: ReadonlyMap<string, string>
  readonly from: 'start' | 'end'
  readonly once: boolean
  readonly max_line_bytes: number
}

/** `LABEL=KEY` of --label-fields. */
export const LABEL_FIELD = /^([A-Za-z_]\w*)=(.+)$/

/** Milliseconds between attempts at a daemon that does not answer. */
const MIN_BACKOFF = 500
const MAX_BACKOFF = 30_000
const MAX_EVENT = 1 << 20
/** Milliseconds between two looks for positions of containers that were removed. */
const FORGET_EVERY = 3_600_000
/** Characters of an id as people see it. */
const SHORT_ID = 12

/** How far a container has been read: the time of its last line, and how many lines of that time. */
interface Position {
  ts: string
  count: number
}

export class DockerSource {
  readonly #api: DockerApi
  readonly #told: Told
  readonly #stamps: Stamps
  readonly #positions = new Map<string, Position>()
  /** By id, those that are read. */
  readonly #reading = new Map<string, Promise<void>>()
  readonly #began: string
  #nextForget = 0
  #fail: (error: Error) => void = () => {}

  constructor(
    private readonly options: DockerOptions,
    private readonly state: State | null,
    private readonly context: SourceContext,
  ) {
    this.#api = new DockerApi(options.host, context.signal)
    this.#told = new Told(context)
    this.#stamps = new Stamps(context.clock)
    this.#began = context.clock.now()
  }

  /** Until the signal, or the end of what there is (`once`). Throws a Problem where the daemon does not answer then. */
  async run(): Promise<void> {
    const { clock, log, signal } = this.context
    const failed = new Promise<never>((_, reject) => (this.#fail = reject))
    failed.catch(() => {})
    const backoff = new Backoff(MIN_BACKOFF, MAX_BACKOFF)
    while (!signal.aborted) {
      let words = 'the daemon ended the stream of events'
      try {
        await Promise.race([this.#round(), failed])
        if (this.options.once) return
      } catch (error) {
        words = this.#complaint(error)
      }
      if (signal.aborted) break
      if (this.options.once) throw new Problem(words, { exit: EXIT.temporary })
      const wait = Math.round(backoff.next())
      log.warn(`${this.options.host}: ${words}, trying again in ${durationText(wait)}`)
      await clock.sleep(wait, signal)
    }
    await Promise.race([Promise.all(this.#reading.values()), failed])
  }

  /** What the daemon or the way to it did; anything else ends the source. */
  #complaint(error: unknown): string {
    const { code, message, name } = error as NodeJS.ErrnoException
    if (name !== 'Error' && name !== 'AbortError' && name !== 'SyntaxError') throw error
    return code ?? message
  }

  async #round(): Promise<void> {
    // What starts between the two is seen twice rather than not at all.
    const events = this.options.once ? null : await this.#api.starts()
    const there = await this.#api.list()
    for (const id of there) this.#follow(id)
    await this.#forget(there)
    if (events === null) {
      await Promise.all(this.#reading.values())
      return
    }
    const lines = new LineSplitter({ maxBytes: MAX_EVENT })
    for await (const chunk of events) {
      if (this.context.clock.monotonic() >= this.#nextForget) await this.#forget(await this.#api.list())
      lines.push(chunk as Buffer, (line) => {
        const { id, Actor } = JSON.parse(line.toString()) as { id?: string; Actor?: { ID?: string } }
        const started = Actor?.ID ?? id
        if (started !== undefined) this.#follow(started)
      })
    }
  }

  /**
   * Positions of containers that were removed are of no use: their ids never come again. Those of other daemons stay.
   */
  async #forget(there: readonly string[]): Promise<void> {
    this.#nextForget = this.context.clock.monotonic() + FORGET_EVERY
    const known = new Set([...there, ...this.#reading.keys()])
    for (const id of this.#positions.keys()) if (!known.has(id)) this.#positions.delete(id)
    if (this.state === null) return
    for (const source of await this.state.sources(sourceOf(''))) {
      if (known.has(source.slice(sourceOf('').length))) continue
      const kept = (await this.state.read(source, this.context.log)) as { readonly host?: Json } | null
      if (kept?.host !== this.options.host) continue
      await this.state.forget(source)
      this.context.log.debug(`${source}: the container is gone, and so is its position`)
    }
  }

  #follow(id: string): void {
    // One that starts again before its last line was read is looked at once more behind that.
    const before = this.#reading.get(id)
    const next = (before ?? Promise.resolve())
      .then(() => this.#container(id))
      .catch((error: unknown) => {
        try {
          const words = this.#complaint(error)
          if (!this.context.signal.aborted) this.context.log.warn(`container ${id.slice(0, SHORT_ID)}: ${words}`)
        } catch (fatal) {
          this.#fail(fatal as Error)
        }
      })
      .finally(() => {
        if (this.#reading.get(id) === next) this.#reading.delete(id)
      })
    this.#reading.set(id, next)
  }

  async #container(id: string): Promise<void> {
    const container = await this.#api.inspect(id)
    if (container === null || !this.#wanted(container)) return
    const position = this.#positions.get(id) ?? (await this.#committed(id))
    const { from, once, max_line_bytes: max } = this.options
    // Of one that had ended before there is nothing new.
    if (position === null && from === 'end' && !container.running) return
    const since = position?.ts ?? (from === 'end' ? this.#began : '')
    const logs = await this.#api.logs(id, since, container.running && !once)
    if (logs === null) return
    await this.#read(logs, container, new Skip(position), dockerReader(container.terminal, max))
  }

  #wanted({ name, id, labels }: Container): boolean {
    const { container, container_label } = this.options
    const named = (one: string) => one === name || (one.length >= SHORT_ID && id.startsWith(one))
    if (container.length > 0 && !container.some(named)) return false
    return container_label.every((text) => {
      const [key, ...value] = text.split('=')
      return value.length === 0 ? labels.has(key) : labels.get(key) === value.join('=')
    })
  }

  async #committed(id: string): Promise<Position | null> {
    const found = this.state === null ? null : await this.state.read(sourceOf(id), this.context.log)
    const { ts, count } = (found ?? {}) as { readonly ts?: unknown; readonly count?: unknown }
    return typeof ts === 'string' && /^\d{1,20}$/.test(ts) && typeof count === 'number' ? { ts, count } : null
  }

  async #read(logs: Readable, container: Container, skip: Skip, reader: DockerReader): Promise<void> {
    const identities = new Map<StreamName, Identity>()
    const checkpoint = checkpointIdentity(sourceOf(container.id))
    let ids: Identity[] = []
    let payloads: Payload[] = []
    const take = (line: DockerLine) => {
      if (skip.skips(line.ts)) return
      let identity = identities.get(line.stream)
      if (identity === undefined) identities.set(line.stream, (identity = this.#identity(container, line.stream)))
      ids.push(identity)
      payloads.push(this.#payload(line))
    }
    const pass = async () => {
      if (ids.length === 0) return
      const position = reader.pending ? null : skip.position
      if (position !== null) this.#positions.set(container.id, position)
      if (this.state !== null && position !== null) {
        ids.push(checkpoint)
        payloads.push({ position: { count: position.count, host: this.options.host, ts: position.ts } })
      }
      const batch = new RecordBatch(ids, payloads)
      ids = []
      payloads = []
      await this.context.emit(batch)
    }
    for await (const chunk of logs) {
      this.context.account.in_bytes += (chunk as Buffer).length
      this.#stamps.look()
      const wrong = reader.push(chunk as Buffer, take)
      await pass()
      if (wrong !== null) throw new Error(wrong)
    }
    reader.end(take)
    await pass()
  }

  #payload({ ts, body, cut }: DockerLine): Payload {
    const payload: Payload = { ts: ts ?? this.#stamps.next(), body }
    if (cut) {
      payload.attributes = TRUNCATED
      countCut(this.context.account)
      this.#told.warn('cut', `a line is longer than ${this.options.max_line_bytes} bytes (--max-line-bytes): cut there`)
    }
    return payload
  }

  #identity({ id, name, image, labels: own }: Container, stream: StreamName): Identity {
    const { label, label_fields, internal_labels } = this.options
    const labels = new Map([['container', name], ['image', image], ['stream', stream]])
    for (const text of label_fields) {
      const [, to, key] = LABEL_FIELD.exec(text)!
      const value = own.get(key)
      if (value !== undefined) labels.set(to, value)
    }
    for (const [key, value] of label) labels.set(key, value)
    if (internal_labels) {
      labels.set('__meta_docker_container_id', id)
      labels.set('__meta_docker_container_name', `/${name}`)
      for (const [key, value] of own) {
        labels.set(`__meta_docker_container_label_${key.replace(/[^A-Za-z0-9_]/g, '_')}`, value)
      }
    }
    return Identity.of('log', '', labelsOfMap(labels))
  }
}

/** What the daemon sends again from a position on, and the position behind what has come. */
class Skip {
  #at: Position | null
  #left: number

  constructor(private readonly from: Position | null) {
    this.#at = from
    this.#left = from?.count ?? 0
  }

  get position(): Position | null {
    return this.#at
  }

  skips(ts: string | undefined): boolean {
    if (ts === undefined) return false
    if (this.from !== null && ts === this.from.ts && this.#left > 0) {
      this.#left--
      return true
    }
    this.#at = { ts, count: ts === this.#at?.ts ? this.#at.count + 1 : 1 }
    return false
  }
}

/** Whose positions they are. */
function sourceOf(id: string): string {
  return `receive.docker/${id}`
}
