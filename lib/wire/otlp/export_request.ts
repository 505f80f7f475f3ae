// An export under construction, in the bytes that are sent: what has the same resource and scope, and the points of a metric,
// stand together.

import type { Identity, IdentityRest } from '../../record/identity.js'
import { canonical } from '../../record/json.js'
import type { Payload } from '../../record/record.js'
import { bytesTag, ProtoWriter } from '../remote_write/writer.js'
import { SharedDictionary } from './dictionary.js'
import { numberOfWord } from './fields.js'
import { resourceOf, scopeOf } from './origin.js'
import { type Form, pointOf } from './points.js'
import { profileOf } from './profile_data.js'
import { writeFields } from './protobuf.js'
import { formOf, RECORD_OF, TEMPORALITIES } from './records.js'
import { type MessageType, REQUESTS, type Signal } from './schema.js'
import { logOf, spanOf } from './spans.js'
import { attributesOf, mapField, Unfit } from './value.js'

/** What the points of a metric have in common, beside its name. */
const METRIC_KEYS = ['kind', 'unit', 'help', 'metadata', 'temporality', 'monotonic']

/** Fewer bytes are copied at once, so that they do not keep a large request in memory. */
const LEAST_KEPT = 1 << 12

/** A message under construction: the fields that are written already, then others that are, then messages that still grow. */
class Part {
  readonly parts: Part[] = []
  readonly #pieces: Buffer[] = []
  #pieceBytes = 0
  #size = 0

  /** @param field its number in the message that it is in */
  constructor(
    readonly field: number,
    readonly own: ProtoWriter,
  ) {}

  /** A part in it. */
  add(part: Part): Part {
    this.parts.push(part)
    return part
  }

  /** Takes whole fields. */
  append(buffer: Buffer, start: number, end: number): void {
    const piece = buffer.subarray(start, end)
    if (piece.length < LEAST_KEPT) return this.own.bytes(piece)
    this.#pieces.push(piece)
    this.#pieceBytes += piece.length
  }

  /** Bytes of it, without its tag and length. */
  measure(): number {
    this.#size = this.own.length + this.#pieceBytes
    for (const part of this.parts) this.#size += framedLength(part.measure())
    return this.#size
  }

  /** Once it is measured. */
  write(writer: ProtoWriter): void {
    writer.uint(bytesTag(this.field))
    writer.uint(this.#size)
    writer.bytes(this.own.view())
    for (const piece of this.#pieces) writer.bytes(piece)
    for (const part of this.parts) part.write(writer)
  }
}

/** Bytes of a message in another one, whose field has a number below 16. */
function framedLength(size: number): number {
  let digits = 1
  for (let rest = size; rest >= 0x80; rest = Math.floor(rest / 0x80)) digits++
  return 1 + digits + size
}

/** The types of the messages on the way to the items of a signal; the field of each in the one before is the first or second. */
interface Types {
  resource: MessageType
  scope: MessageType
  item: MessageType
}

function typesOf(signal: Signal): Types {
  const resource = REQUESTS[signal].byNumber[1]!.kind as MessageType
  const scope = resource.byNumber[2]!.kind as MessageType
  return { resource, scope, item: scope.byNumber[2]!.kind as MessageType }
}

const NONE = Buffer.alloc(0)
const RESOURCES = 1
const SCOPES = 2
const ITEMS = 2
const POINTS = 1
const DICTIONARY = 2

/** Where the points of an identity go. */
interface Place {
  form: Form
  part: Part
}

export class ExportRequest<S extends Signal = Signal> {
  /** Records in it. */
  records = 0
  /** About as many as `finish` makes. */
  bytes = 0
  #resources = new Map<string, Part>()
  #scopes = new Map<string, Part>()
  #metrics = new Map<string, Part>()
  #known = new Map<Identity, Part>()
  #places = new Map<Identity, Place>()
  /** Of profiles; null while there are none. */
  #dictionary: SharedDictionary | null = null
  readonly #types: Types
  /** One item. */
  readonly #item = new ProtoWriter()

  constructor(private readonly signal: S) {
    this.#types = typesOf(signal)
  }

  /** Throws Unfit, and takes nothing, where the record cannot be told in OTLP. */
  add(identity: Identity, payload: Payload): void {
    if (identity.type !== RECORD_OF[this.signal]) throw new Unfit(`expected a ${RECORD_OF[this.signal]} record`)
    if (this.signal === 'metrics') return this.#addPoint(identity, payload)
    if (this.signal === 'profiles') return this.#addProfile(identity, payload)
    const { item } = this.#types
    this.#encode(this.signal === 'traces' ? spanOf(payload) : logOf(identity, payload), item)
    this.#put(this.#scope(identity), ITEMS)
  }

  /** Takes items that are encoded, each with its tag, from `buffer[start, end)`, which stays as it is until `finish`. Throws Unfit as `add`. */
  addItems(identity: Identity, buffer: Buffer, start: number, end: number, records: number): void {
    this.#scope(identity).append(buffer, start, end)
    this.records += records
    this.bytes += end - start
  }

  /** The bytes of all, behind those of `head`; it is then as new. The buffers of items may be used again. */
  finish(head: Uint8Array = NONE): Buffer {
    const resources = [...this.#resources.values()]
    const writer = new ProtoWriter(resources.reduce((sum, part) => sum + framedLength(part.measure()), head.length))
    writer.bytes(head)
    for (const part of resources) part.write(writer)
    if (this.#dictionary !== null) writer.message(DICTIONARY, this.#dictionary.finish())
    this.records = this.bytes = 0
    this.#resources = new Map()
    this.#scopes = new Map()
    this.#metrics = new Map()
    this.#known = new Map()
    this.#places = new Map()
    this.#dictionary = null
    return writer.view()
  }

  #encode(message: object, type: MessageType): void {
    this.#item.length = 0
    try {
      writeFields(this.#item, message, type)
    } catch (error) {
      if (error instanceof RangeError) throw new Unfit(error.message)
      throw error
    }
  }

  #put({ own }: Part, field: number): void {
    const before = own.length
    own.message(field, this.#item.view())
    this.records++
    this.bytes += own.length - before
  }

  #addProfile(identity: Identity, payload: Payload): void {
    const dictionary = (this.#dictionary ??= new SharedDictionary())
    const before = dictionary.mark()
    try {
      this.#encode(profileOf(identity, payload, dictionary), this.#types.item)
      this.#put(this.#scope(identity), ITEMS)
    } catch (error) {
      dictionary.restore(before)
      throw error
    }
    this.bytes += dictionary.bytes - before.bytes
  }

  #addPoint(identity: Identity, payload: Payload): void {
    const form = formOf(identity, payload)
    const metric = this.#types.item.byName.get(form)!
    const points = metric.kind as MessageType
    const point = pointOf(identity.labels, mapField(identity.rest.attributes), payload, form)
    this.#encode(point, points.byNumber[POINTS]!.kind as MessageType)
    this.#put(this.#points(identity, form, metric.number, points), POINTS)
  }

  /** The points of the metric of an identity. */
  #points(identity: Identity, form: Form, field: number, type: MessageType): Part {
    const place = this.#places.get(identity)
    if (place?.form === form) return place.part
    const head = [identity.name, ...METRIC_KEYS.map((key) => identity.rest[key] ?? null)]
    const key = `${scopeKey(identity)} ${form} ${canonical(head)}`
    let part = this.#metrics.get(key)
    if (part === undefined) {
      const metric = this.#part(ITEMS, metricOf(identity), this.#types.item)
      part = this.#part(field, pointsOf(identity, form), type)
      metric.add(part)
      this.#scope(identity).add(metric)
      this.#metrics.set(key, part)
    }
    this.#places.set(identity, { form, part })
    return part
  }

  /** The items of the resource and scope of an identity. */
  #scope(identity: Identity): Part {
    const known = this.#known.get(identity)
    if (known !== undefined) return known
    const key = scopeKey(identity)
    let part = this.#scopes.get(key)
    if (part === undefined) {
      part = this.#part(SCOPES, scopeOf(identity.rest), this.#types.scope)
      this.#resource(identity).add(part)
      this.#scopes.set(key, part)
    }
    this.#known.set(identity, part)
    return part
  }

  #resource({ rest }: Identity): Part {
    const key = resourceKey(rest)
    let part = this.#resources.get(key)
    if (part === undefined) {
      part = this.#part(RESOURCES, resourceOf(rest), this.#types.resource)
      this.#resources.set(key, part)
    }
    return part
  }

  /** A part that begins with the fields of a message. */
  #part(field: number, head: object, type: MessageType): Part {
    const part = new Part(field, new ProtoWriter(FIRST_BYTES))
    try {
      writeFields(part.own, head, type)
    } catch (error) {
      if (error instanceof RangeError) throw new Unfit(error.message)
      throw error
    }
    this.bytes += framedLength(part.own.length)
    return part
  }
}

/** Most parts of an export of metrics stay small. */
const FIRST_BYTES = 256

function scopeKey({ rest }: Identity): string {
  return `${resourceKey(rest)} ${canonical(rest.scope ?? {})}`
}

function resourceKey(rest: IdentityRest): string {
  return `${canonical(rest.resource ?? {})} ${canonical(rest.resource_meta ?? {})}`
}

/** A metric without its points. */
function metricOf({ name, rest }: Identity): object {
  const metadata = attributesOf(mapField(rest.metadata))
  return {
    name,
    unit: typeof rest.unit === 'string' ? rest.unit : '',
    description: typeof rest.help === 'string' ? rest.help : '',
    metadata,
  }
}

/** What is said of all points. */
function pointsOf({ rest }: Identity, form: Form): object {
  // A counter that says nothing of it is one of Prometheus, which knows no other.
  const told = rest.temporality ?? (form === 'sum' && rest.monotonic === undefined ? 'cumulative' : undefined)
  return {
    aggregationTemporality: numberOfWord(TEMPORALITIES, told, 'temporality'),
    isMonotonic: form === 'sum' && rest.monotonic !== false,
  }
}
