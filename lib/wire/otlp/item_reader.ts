// Requests of spans and log entries read without decoding these. Twin of `decodeMessage` and `recordsOf` for what is as it
// should be, in a twentieth of the time; the rest is left to those.

import { Identity } from '../../record/identity.js'
import { NO_LABELS } from '../../record/labels.js'
import { ItemBatch } from './item_batch.js'
import type { Resource, Scope } from './message.js'
import { originOf } from './origin.js'
import { type Bounds, decodeMessage } from './protobuf.js'
import { RECORD_OF } from './records.js'
import { ITEMS, RESOURCE, SCOPE } from './schema.js'
import { isText, lengthAt, skipVarint, Walk } from './shape.js'

/** Identities by the bytes of their resource and scope. */
export interface KnownOrigins {
  get(key: string): Identity | undefined
  set(key: string, identity: Identity): void
}

type Range = readonly [from: number, to: number]

/** Fields of a group, of a resource or of a scope. */
interface Group {
  head: Range | null
  schema: Range | null
}

const NO_SCOPE: Group = { head: null, schema: null }
const HEAD = 0x0a
const PART = 0x12
const SCHEMA = 0x1a
/** Levels of groups around an item. */
const AROUND = 3

export class ItemReader {
  /** @param shared the same object for the same identity */
  constructor(
    private readonly known: KnownOrigins,
    private readonly shared: (identity: Identity) => Identity,
  ) {}

  /** null where a request is not as it should be, in anything. */
  read(signal: 'traces' | 'logs', bytes: Buffer, bounds: Bounds): ItemBatch | null {
    const walk = new Walk(bytes, ITEMS[signal])
    walk.left = bounds.max_elements
    const ids: Identity[] = []
    const items: number[] = []
    const resources: number[] = []
    if (!parts(bytes, 0, bytes.length, HEAD, resources)) return null
    for (let i = 0; i < resources.length; i += 3) {
      const scopes: number[] = []
      const resource = groupOf(bytes, resources[i + 1], resources[i + 2], scopes)
      if (resource === null) return null
      if (scopes.length === 0 && this.#identity(signal, bytes, resource, NO_SCOPE, bounds) === null) return null
      for (let k = 0; k < scopes.length; k += 3) {
        const from = items.length
        const scope = groupOf(bytes, scopes[k + 1], scopes[k + 2], items)
        if (scope === null) return null
        // The groups and heads are messages, too.
        walk.left -= 4 + (items.length - from) / 3
        const identity = this.#identity(signal, bytes, resource, scope, bounds)
        if (identity === null) return null
        for (let j = from; j < items.length; j += 3) {
          if (!walk.isItem(items[j + 1], items[j + 2], bounds.max_depth - AROUND, signal === 'traces')) return null
          ids.push(identity)
        }
      }
    }
    return walk.left < 0 ? null : new ItemBatch(signal, bytes, ids, Int32Array.from(items))
  }

  #identity(signal: 'traces' | 'logs', bytes: Buffer, resource: Group, scope: Group, bounds: Bounds): Identity | null {
    const ranges = [resource.head, resource.schema, scope.head, scope.schema]
    const key = `${signal} ${ranges.map((range) => (range === null ? '' : `${range[1] - range[0]} ${bytes.latin1Slice(...range)}`)).join(' ')}`
    const before = this.known.get(key)
    if (before !== undefined) return before
    const text = (range: Range | null) => (range !== null && range[1] > range[0] ? bytes.utf8Slice(...range) : undefined)
    const [ofResource, ofScope] = [resource, scope].map(({ head }) => bytes.subarray(...(head ?? [0, 0])))
    const inside = { ...bounds, max_depth: bounds.max_depth - 2 }
    try {
      const inResource = { resource: decodeMessage<Resource>(ofResource, RESOURCE, inside), schemaUrl: text(resource.schema) }
      const inScope = { scope: decodeMessage<Scope>(ofScope, SCOPE, inside), schemaUrl: text(scope.schema) }
      const identity = this.shared(Identity.of(RECORD_OF[signal], '', NO_LABELS, originOf(inResource, inScope)))
      this.known.set(key, identity)
      return identity
    } catch {
      // The one who reads it the other way says what is wrong.
      return null
    }
  }
}

/** Fields of one tag, three offsets each: the tag, the first byte, the end; false where there are others. */
function parts(bytes: Buffer, at: number, end: number, tag: number, into: number[]): boolean {
  while (at < end) {
    if (bytes[at] !== tag) return false
    const first = skipVarint(bytes, at + 1)
    const stop = first + lengthAt(bytes, at + 1)
    if (!(stop <= end)) return false
    into.push(at, first, stop)
    at = stop
  }
  return at === end
}

/** @param into gets its parts, as above */
function groupOf(bytes: Buffer, at: number, end: number, into: number[]): Group | null {
  const group: Group = { head: null, schema: null }
  while (at < end) {
    const tag = bytes[at]
    const first = skipVarint(bytes, at + 1)
    const stop = first + lengthAt(bytes, at + 1)
    if (!(stop <= end)) return null
    // One that comes twice would have to be put together.
    if (tag === PART) into.push(at, first, stop)
    else if (tag === HEAD && group.head === null) group.head = [first, stop]
    else if (tag === SCHEMA && group.schema === null && isText(bytes, first, stop)) group.schema = [first, stop]
    else return null
    at = stop
  }
  return at === end ? group : null
}
