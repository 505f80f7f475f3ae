// Which service calls which: requests, failures and durations of the edges between services, from their spans, under the
// names that Grafana's service graph looks for (Tempo, metrics generator; OpenTelemetry Collector, service graph connector).

import type { Context, Pass, Saved } from '../component.js'
import type { Histogram, Instrument, Series } from '../aggregate/series.js'
import { MeasuringStage } from '../aggregate/stage.js'
import { type Attribute, attributeText, type Origin, type TableSettings } from '../aggregate/table.js'
import { compareCodePoints } from '../record/json.js'
import type { Record } from '../record/record.js'
import { type Edge, EdgeStore } from './edges.js'
import { attributeIn, durationOf, type JsonMap, keyPart, mapIn, resourceOf, statusOf, textIn } from './span.js'

export interface ServiceGraphSettings {
  readonly table: TableSettings
  /** A histogram of seconds. */
  readonly histogram: () => Histogram
  /** Attributes of the spans or their resources that become attributes of the metrics. */
  readonly dimensions: readonly string[]
  /** Attributes of a client's span of which the first one names what it called, where that sends no spans. */
  readonly peerAttributes: readonly string[]
  /** Attributes of a client's span of which the first one names the database that it called. */
  readonly databaseAttributes: readonly string[]
  /** Whether virtual nodes are told by an attribute. */
  readonly virtualNodeLabel: boolean
  /** Milliseconds for which the other side of an edge is waited for. */
  readonly ttl: number
  /** Edges that wait at once. */
  readonly maxItems: number
}

const PREFIX = 'traces_service_graph_'
const counter = (name: string, help: string): Instrument => ({ name: PREFIX + name, kind: 'counter', unit: '', help })
const TOTAL = counter('request_total', 'Requests between two services.')
const FAILED = counter('request_failed_total', 'Requests between two services that failed.')
const UNPAIRED = counter('unpaired_spans_total', 'Spans whose other side did not come in time.')
const DROPPED = counter('dropped_spans_total', 'Spans for which there was no place.')

/** No resource: an edge has two. */
const NOWHERE: Origin = { key: '', rest: {} }
/** The client of a server's span without a parent. */
const USER = 'user'

export class ServiceGraph extends MeasuringStage {
  readonly #store: EdgeStore
  readonly #server: Instrument
  readonly #client: Instrument

  constructor(
    private readonly settings: ServiceGraphSettings,
    private readonly context: Context,
    saved?: Saved,
  ) {
    super(settings.table, context, saved)
    const { ttl, maxItems } = settings
    this.#store = new EdgeStore(ttl, maxItems, (edge) => this.#count(edge, ''), (edge) => this.#expired(edge))
    const time = (name: string, help: string): Instrument =>
      ({ name: PREFIX + name, kind: 'histogram', unit: 's', help, histogram: settings.histogram })
    this.#server = time('request_server_seconds', 'How long requests between two services took, as seen from the server.')
    this.#client = time('request_client_seconds', 'How long requests between two services took, as seen from the client.')
    this.table.restore([TOTAL, FAILED, UNPAIRED, DROPPED, this.#server, this.#client])
  }

  take(record: Record, _: number, pass: Pass): void {
    const now = this.context.clock.monotonic()
    this.#store.expireUntil(now)
    const { payload } = record
    const service = textIn(resourceOf(record.identity)['service.name'])
    const { kind } = payload
    if (service !== '') {
      if (kind === 'client' || kind === 'producer') this.#asClient(record, service, now)
      else if (kind === 'server' || kind === 'consumer') this.#asServer(record, service, now)
    }
    pass(record)
  }

  #asClient(record: Record, service: string, now: number): void {
    const { identity, payload } = record
    const resource = resourceOf(identity)
    const attributes = mapIn(payload.attributes)
    const { databaseAttributes, peerAttributes } = this.settings
    const taken = this.#store.upsert(keyOf(payload.trace_id, payload.span_id), now, (edge) => {
      edge.client = service
      edge.clientTime = durationOf(payload) / 1e9
      edge.type = payload.kind === 'producer' ? 'messaging_system' : edge.type
      edge.failed ||= statusOf(payload) === 'error'
      edge.peer = firstOf(peerAttributes, attributes)
      this.#dimensions(edge, 'client_', attributes, resource)
      const database = payload.kind === 'client' ? firstOf(databaseAttributes, attributes) : undefined
      if (database === undefined) return
      // A database sends no spans: what the client saw is all there is.
      edge.type = 'database'
      edge.server ??= database
      edge.serverTime ??= edge.clientTime
    })
    if (!taken) this.#series(DROPPED, [['client', service]]).add(1)
  }

  #asServer(record: Record, service: string, now: number): void {
    const { identity, payload } = record
    const parent = textIn(payload.parent_span_id)
    // Those without a parent have nobody to wait for: their own id keeps them apart.
    const root = parent === ''
    const taken = this.#store.upsert(keyOf(payload.trace_id, root ? payload.span_id : parent, root), now, (edge) => {
      edge.root = root
      edge.server = service
      edge.serverTime = durationOf(payload) / 1e9
      edge.type = payload.kind === 'consumer' ? 'messaging_system' : edge.type
      edge.failed ||= statusOf(payload) === 'error'
      this.#dimensions(edge, 'server_', mapIn(payload.attributes), resourceOf(identity))
    })
    if (!taken) this.#series(DROPPED, [['server', service]]).add(1)
  }

  #dimensions(edge: Edge, prefix: string, ...maps: readonly JsonMap[]): void {
    for (const name of this.settings.dimensions) {
      const value = attributeIn(name, ...maps)
      if (value !== undefined) edge.dimensions.set(prefix + name, attributeText(value))
    }
  }

  /** A side that sends no spans has a name all the same, if the other one tells it. */
  #expired(edge: Edge): void {
    if (edge.client === undefined && edge.root) this.#count({ ...edge, client: USER, type: 'virtual_node' }, 'client')
    else if (edge.server === undefined && edge.peer !== undefined) {
      this.#count({ ...edge, server: edge.peer, type: 'virtual_node' }, 'server')
    } else this.#series(UNPAIRED, sidesOf(edge)).add(1)
  }

  #count(edge: Edge, virtual: string): void {
    // In one order, whichever side came first.
    const dimensions = [...edge.dimensions].sort(([a], [b]) => compareCodePoints(a, b))
    const attributes: Attribute[] = [...sidesOf(edge), ...dimensions]
    if (edge.type !== '') attributes.push(['connection_type', edge.type])
    if (virtual !== '' && this.settings.virtualNodeLabel) attributes.push(['virtual_node', virtual])
    this.#series(TOTAL, attributes).add(1)
    if (edge.failed) this.#series(FAILED, attributes).add(1)
    if (edge.serverTime !== undefined) this.#series(this.#server, attributes).observe(edge.serverTime)
    if (edge.clientTime !== undefined) this.#series(this.#client, attributes).observe(edge.clientTime)
  }

  #series(instrument: Instrument, attributes: readonly Attribute[]): Series {
    const key = attributes.map(([name, value]) => keyPart(name) + keyPart(String(value))).join('')
    return this.table.series(NOWHERE, instrument, key, () => attributes)
  }

  override due(): number {
    return Math.min(this.#store.due(), super.due())
  }

  override tick(now: number, pass: Pass): void {
    this.#store.expireUntil(now)
    super.tick(now, pass)
  }

  override flush(pass: Pass): void {
    this.#store.expireUntil(Infinity)
    super.flush(pass)
  }
}

function keyOf(trace: unknown, span: unknown, root = false): string {
  return `${typeof trace === 'string' ? trace : ''}${root ? '!' : ':'}${typeof span === 'string' ? span : ''}`
}

function sidesOf({ client, server }: Edge): Attribute[] {
  const sides: Attribute[] = []
  if (client !== undefined) sides.push(['client', client])
  if (server !== undefined) sides.push(['server', server])
  return sides
}

function firstOf(names: readonly string[], attributes: JsonMap): string | undefined {
  for (const name of names) {
    const value = attributeIn(name, attributes)
    if (value !== undefined) return attributeText(value)
  }
  return undefined
}
